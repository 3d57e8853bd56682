// What strangers can do with invented credentials. A user beside them must notice nothing but a bounded wait, the process
// must go on, and its memory must come back.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startGatewayProcess } from './gateways/gateway-process.ts';
import { inventedCredentials, sendAll, times } from './gateways/sender.ts';

const ownKey = () => 'simulator';
/** What waits for its turn is refused sooner than by default: the suite would wait with it. */
const impatient = { OPERATION_TIMEOUT_MS: '10000' };

test('one logout is one call an account, however many aliases it has', async () => {
  const gateway = await startGatewayProcess(impatient);
  const query = `mutation { ${times(100, (index) => `a${index}: logout { loggedOut }`).join(' ')} }`;
  const authorization = inventedCredentials(1_000, ownKey);
  const row = await gateway.during('3 × 100 aliases of logout × 1,000 invented credentials', () =>
    sendAll(
      gateway.url,
      times(3, () => ({ query, headers: { authorization } })),
      3,
    ),
  );
  // The rate limit alone allows ten a second; each credential is worth one call at most.
  expect(row.brokerCalls).toBeLessThanOrEqual(3_000);
});

test('invented tokens do not starve a user of the same app', async () => {
  const gateway = await startGatewayProcess(impatient);
  await gateway.during('60 queries a second with invented tokens, for ten seconds', async () => {
    const answers = new Map<string, number>();
    const pending: Promise<void>[] = [];
    for (let second = 0; second < 10; second += 1) {
      const requests = times(60, () => ({
        query: '{ account { user { userId } } }',
        headers: { authorization: inventedCredentials(1, ownKey) },
      }));
      const sent = sendAll(gateway.url, requests, 60).then((counts) => {
        for (const [answer, count] of counts)
          answers.set(answer, (answers.get(answer) ?? 0) + count);
      });
      pending.push(sent);
      await sleep(1_000);
    }
    await Promise.all(pending);
    return answers;
  });
});

test('a thousand invented credentials at once do not keep a user waiting', async () => {
  const gateway = await startGatewayProcess(impatient);
  const authorization = () => inventedCredentials(1_000, ownKey);
  await gateway.during('5 queries over 1,000 invented tokens each', () =>
    sendAll(
      gateway.url,
      times(5, () => ({
        query: '{ accounts { user { userId } margins { equity { net } } } }',
        headers: { authorization: authorization() },
      })),
    ),
  );
});

test('invented apps do not fill the slots of all', async () => {
  const gateway = await startGatewayProcess({ ...impatient, HEADER_CREDENTIALS: 'any' });
  const apiKey = (index: number) => `invented-${index}`;
  await gateway.during('30 queries over 1,000 invented apps each', () =>
    sendAll(
      gateway.url,
      times(30, () => ({
        query: '{ accounts { user { userId } } }',
        headers: { authorization: inventedCredentials(1_000, apiKey) },
      })),
      9,
    ),
  );
});
