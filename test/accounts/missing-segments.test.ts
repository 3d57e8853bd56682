// A segment that the broker leaves out is null without an error, whichever endpoint it was read by; a sum adds nothing.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { startWorld } from '../support/world.ts';

const equity = { enabled: true, net: 812.5, available: { cash: 812.5 }, utilised: { debits: 0 } };
const success = (data: unknown) => ({ status: 200, body: { status: 'success', data } });
const refused = {
  status: 400,
  body: {
    status: 'error',
    error_type: 'InputException',
    message: 'Invalid `segment`.',
    data: null,
  },
};

/** What each kind of answer is at the endpoint of both segments, and at that of commodity alone. */
const answers: Readonly<Record<string, readonly [both: object, alone: object]>> = {
  null: [success({ equity, commodity: null }), success(null)],
  absent: [success({ equity }), refused],
  empty: [success({ equity, commodity: {} }), success({})],
};

const stand = createServer((request, response) => {
  const token = request.headers.authorization?.split(':')[1] ?? '';
  const [both, alone] = answers[token] ?? [refused, refused];
  const chosen = request.url === '/user/margins/commodity' ? alone : both;
  const one = request.url === '/user/margins/equity' ? success(equity) : chosen;
  const { status, body } = one as { status: number; body: object };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
await new Promise<void>((resolve) => stand.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  stand.closeAllConnections();
  stand.close();
});
const { port } = stand.address() as AddressInfo;
const world = await startWorld({ kiteBaseUrl: `http://127.0.0.1:${port}` });

test.each(Object.keys(answers))('a segment that is %s is null without an error', async (kind) => {
  const authorization = `token simulator:${kind}`;
  const both = '{ account { margins { equity { net } commodity { net } } } }';
  const alone = '{ account { margins { commodity { net } } } }';
  const whole = await world.askRaw(both, { authorization });
  expect(whole.errors).toEqual([]);
  expect(whole.data.account.margins).toEqual({ equity: { net: 812.5 }, commodity: null });
  const single = await world.askRaw(alone, { authorization });
  expect(single.errors).toEqual([]);
  expect(single.data.account.margins).toEqual({ commodity: null });
});

test.each(Object.keys(answers))('a segment that is %s adds nothing to a sum', async (kind) => {
  const authorization = `token simulator:${kind}`;
  for (const fields of ['total { net } equity { net } commodity { net }', 'commodity { net }']) {
    const query = `{ combinedMargins { ${fields} accounts { id } failures { accountId } } }`;
    const { data, errors } = await world.askRaw(query, { authorization });
    expect(errors).toEqual([]);
    expect(data.combinedMargins).toMatchObject({
      commodity: null,
      accounts: [expect.anything()],
      failures: [],
    });
  }
});

test('any other refusal of a segment stays an error', async () => {
  const { data, errors } = await world.askRaw('{ account { margins { equity { net } } } }', {
    authorization: 'token simulator:null',
  });
  expect(errors).toEqual([]);
  expect(data.account.margins.equity.net).toBe(812.5);
  const both = await world.askRaw('{ account { margins { equity { net } commodity { net } } } }', {
    authorization: 'token simulator:unknown',
  });
  expect(both.errors[0]?.extensions.code).toBe('UPSTREAM_ERROR');
});
