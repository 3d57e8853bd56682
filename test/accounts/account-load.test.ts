// More operations than the gateway can answer at once: some are refused at once, and the others are not slowed by them.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const sum = graphql(`query SumUnderLoad { combinedMargins { failures { error { code } } } }`);
const one = graphql(`query OneUnderLoad { account { user { userId } } }`);

const from = (address: string) => ({ 'x-forwarded-for': address });

test('operations beyond what can be answered at once are refused with 503 and Retry-After, and small ones are not', async () => {
  const world = await startWorld(
    { trustProxy: true, limits: { accountsAtOnce: 2_000 } },
    { accounts: 410 },
  );
  const controller = new AbortController();
  await world.fault({ kind: 'hang', path: '/user/margins' });
  const authorization = tokens(...users(200));
  const headers = from('192.0.2.1');
  let refusals = 0;
  const crowd = Array.from({ length: 20 }, () =>
    world.ask(sum, { authorization, headers, signal: controller.signal }).then(
      (answer) => {
        if (answer.status === 503) refusals += 1;
        return answer;
      },
      () => null,
    ),
  );
  await expect.poll(() => refusals, { timeout: 10_000 }).toBe(20 - 9);

  // A small operation of the same caller has room, and so has another caller with less than its share.
  const small = await world.ask(one, { authorization: tokens('SIM0401'), headers });
  expect(small.errors).toEqual([]);
  await world.clearFaults();
  const other = await world.ask(sum, {
    authorization: tokens(...users(200, 201)),
    headers: from('192.0.2.2'),
    signal: AbortSignal.timeout(20_000),
  });
  expect(other.status).toBe(200);

  controller.abort();
  const refused = (await Promise.all(crowd)).filter((answer) => answer?.status === 503);
  expect(refused).toHaveLength(20 - 9);
  for (const answer of refused) {
    if (answer === null) continue;
    const { headers: sent, errors } = answer;
    expect(errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(Number(sent.get('retry-after'))).toBe(errors[0]?.extensions.retryAfterSeconds);
    expect(Number(sent.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  // What has left takes no room any more.
  await expect
    .poll(async () => (await world.ask(sum, { authorization, headers })).status, {
      timeout: 10_000,
    })
    .toBe(200);
});

test('strangers from any number of addresses leave room for a browser that is logged in', async () => {
  const world = await startWorld(
    { trustProxy: true, limits: { accountsAtOnce: 20 } },
    { accounts: 100 },
  );
  const browser = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
  await browser.logIn(`${new URL(world.url).origin}/login?app=simulator`, 'SIM0099');
  const controller = new AbortController();
  await world.fault({ kind: 'hang', path: '/user/profile' });
  let refusals = 0;
  const strangers = users(30).map((userId, index) =>
    world
      .ask(one, {
        authorization: tokens(userId),
        headers: from(`192.0.2.${index}`),
        signal: controller.signal,
      })
      .then(
        ({ status }) => {
          if (status === 503) refusals += 1;
        },
        () => undefined,
      ),
  );
  await expect.poll(() => refusals, { timeout: 10_000 }).toBe(30 - 20);
  const query = '{ account { margins { equity { net } } } }';
  const own = await browser.askRaw(query, {}, from('198.51.100.1'));
  expect(own).toMatchObject({ status: 200, errors: [] });
  controller.abort();
  await Promise.all(strangers);
});
