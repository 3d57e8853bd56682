// The fault suite: what strangers and broken peers can send, against the built command. A user beside them must notice
// nothing but a bounded wait, the process must go on, and its memory must come back.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startGatewayProcess } from './gateway-process.ts';
import { closeAll, connectSilently, requestBytes, sendAll } from './sender.ts';

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const inventedToken = () => randomBytes(16).toString('hex');
const inventedCredentials = (count: number, apiKey: (index: number) => string) =>
  times(count, (index) => `token ${apiKey(index)}:${inventedToken()}`).join(', ');
const ownKey = () => 'simulator';

test('text of arguments never becomes code, however often a query comes', async () => {
  const gateway = await startGatewayProcess();
  const texts = ['"', "'", '\\', '*/', '</script>', '\u2028', '"+process.exit(1)+"'];
  const requests = texts.flatMap((text) =>
    times(30, () => ({
      query: `{ account(id: ${JSON.stringify(text)}) { id } }`,
      headers: { authorization: 'token simulator:SIM0002-token' },
    })),
  );
  const row = await gateway.during(`${requests.length} queries with hostile arguments`, () =>
    sendAll(gateway.url, requests),
  );
  expect(row.answered).toBe(`${requests.length} × 200 NOT_FOUND`);
});

test('cookies of many short words do not multiply in the log', async () => {
  const gateway = await startGatewayProcess();
  const cookies = ['e;'.repeat(26), 'e=e;'.repeat(2_000), 'ab '.repeat(4_000), '='.repeat(16_000)];
  const requests = cookies.flatMap((cookie) =>
    times(50, () => ({ query: '{ then: __typename __proto__: __typename }', headers: { cookie } })),
  );
  const row = await gateway.during('200 queries with cookies of short words', () =>
    sendAll(gateway.url, requests),
  );
  expect(row.answered).not.toMatch(/INTERNAL|cut|RESET/);
});

test('echoed arguments cannot be multiplied into an answer without a bound', async () => {
  const gateway = await startGatewayProcess();
  const pair = { name: 'é'.repeat(2_000), value: 'é'.repeat(2_000) };
  const small = { name: 'é'.repeat(25), value: 'é'.repeat(25) };
  const login = (aliases: number) =>
    times(aliases, (index) => `b${index}: brokerLoginUrl(redirectParams: $p)`).join(' ');
  const roots = times(100, (index) => `a${index}: apps { ...F }`).join(' ');
  const query = (aliases: number) =>
    `query ($p: [RedirectParam!]) { ${roots} } fragment F on App { ${login(aliases)} }`;
  const requests = [
    ...times(10, () => ({ query: query(142), variables: { p: times(10, () => pair) } })),
    ...times(10, () => ({ query: query(142), variables: { p: times(10, () => small) } })),
  ];
  await gateway.during('20 × 100 apps × 142 login addresses', () => sendAll(gateway.url, requests));
});

test('introspection cannot be multiplied by aliases and depth', async () => {
  const gateway = await startGatewayProcess({ INTROSPECTION: 'true' });
  const inner = times(
    4,
    (index) => `f${index}: fields { type { fields { type { fields { name description } } } } }`,
  ).join(' ');
  const query = `{ ${times(8, (index) => `s${index}: __schema { types { ${inner} } }`).join(' ')} }`;
  await gateway.during('20 introspections with aliases at every level', () =>
    sendAll(
      gateway.url,
      times(20, () => ({ query })),
    ),
  );
});

const manyErrors = {
  query: `query ($ids: [ID!]) { ${times(100, (index) => `a${index}: accounts(ids: $ids) { id }`).join(' ')} }`,
  variables: { ids: times(1_000, (index) => `unknown-${index}`) },
};

test('a flood of errors is counted, not written', async () => {
  const gateway = await startGatewayProcess();
  const requests = times(20, () => ({
    ...manyErrors,
    headers: { authorization: 'token simulator:SIM0002-token' },
  }));
  await gateway.during('20 × 100 aliases × 1,000 unknown ids', () =>
    sendAll(gateway.url, requests),
  );
});

test('peers that never read are cut off, and their answers are not kept', async () => {
  const gateway = await startGatewayProcess();
  const bytes = requestBytes(manyErrors, { authorization: 'token simulator:SIM0002-token' });
  await gateway.during('200 such requests whose senders never read', async () => {
    const sockets = connectSilently(gateway.port, 200, bytes);
    await sleep(15_000);
    const closed = sockets.filter((socket) => socket.destroyed).length;
    closeAll(sockets);
    return new Map([['sent, never read', sockets.length - closed]]);
  });
});

test('one logout is one call an account, however many aliases it has', async () => {
  const gateway = await startGatewayProcess();
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
  const gateway = await startGatewayProcess();
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
  const gateway = await startGatewayProcess();
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
  const gateway = await startGatewayProcess({ HEADER_CREDENTIALS: 'any' });
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

test('subscriptions of invented tokens are bounded', async () => {
  const gateway = await startGatewayProcess();
  const operation = { query: 'subscription { marginsChanged { account { id } } }' };
  await gateway.during('21 subscriptions over 950 invented tokens each', async () => {
    const bytes = () =>
      requestBytes(operation, {
        accept: 'text/event-stream',
        authorization: inventedCredentials(950, ownKey),
      });
    const sockets = times(21, bytes).flatMap((each) => connectSilently(gateway.port, 1, each));
    for (const socket of sockets) socket.resume();
    await sleep(15_000);
    closeAll(sockets);
    return new Map([['stream', sockets.length]]);
  });
});

test('slow senders do not keep connections for ever', async () => {
  const gateway = await startGatewayProcess();
  await gateway.during('300 peers that send a byte a second, or nothing', async () => {
    const sockets = connectSilently(gateway.port, 300, 'POST /graphql HTTP/1.1\r\nHost: localho');
    for (let second = 0; second < 10; second += 1) {
      for (const socket of sockets.slice(0, 150)) if (socket.writable) socket.write('s');
      await sleep(1_000);
    }
    closeAll(sockets);
    return new Map([['connection', sockets.length]]);
  });
});

test('clients that vanish leave nothing behind', async () => {
  const gateway = await startGatewayProcess();
  const bytes = requestBytes(
    { query: '{ accounts { user { userId } margins { equity { net } } } }' },
    { authorization: inventedCredentials(50, ownKey) },
  );
  await gateway.during('1,000 requests whose senders vanish', async () => {
    for (let round = 0; round < 20; round += 1) {
      const sockets = connectSilently(gateway.port, 50, bytes);
      await sleep(100);
      closeAll(sockets);
    }
    return new Map([['vanished', 1_000]]);
  });
});

test('a crowd is answered or refused at once', async () => {
  const gateway = await startGatewayProcess();
  const requests = times(5_000, () => ({
    query: '{ account { user { userId } } }',
    headers: { authorization: 'token simulator:SIM0003-token' },
  }));
  await gateway.during('5,000 queries, 500 at once, through one app', () =>
    sendAll(gateway.url, requests, 500),
  );
});
