// What strangers can send in one request. A user beside them must notice nothing but a bounded wait, the process must go
// on, and its memory must come back.
import { expect, test } from 'vitest';
import { startGatewayProcess } from './gateways/gateway-process.ts';
import { manyErrors, sendAll, times } from './gateways/sender.ts';

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
