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
const refusal = (message: string) => ({ ...refused, body: { ...refused.body, message } });
const refusals: Readonly<Record<string, object>> = {
  inactive: refusal('The commodity segment is not enabled for this user.'),
  missing: refusal('Segment `commodity` does not exist'),
  parameter: refusal('Missing `api_version` for the segment.'),
  backend: refusal('Segment data could not be read'),
  otherField: refusal('Invalid `exchange` in segment `commodity`'),
  otherStatus: { ...refused, status: 500 },
  otherType: { ...refused, body: { ...refused.body, error_type: 'GeneralException' } },
};
const answers: Readonly<Record<string, readonly [both: object, alone: object]>> = {
  null: [success({ equity, commodity: null }), success(null)],
  absent: [success({ equity }), refused],
  empty: [success({ equity, commodity: {} }), success({})],
};

const stand = createServer((request, response) => {
  const token = request.headers.authorization?.split(':')[1] ?? '';
  const [both, alone] = answers[token] ?? [refused, refusals[token] ?? refused];
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

const commodityAlone = '{ account { margins { commodity { net } } } }';

test.each(['inactive', 'missing'])(
  'a refusal that says that the segment is %s is no error',
  async (kind) => {
    const authorization = `token simulator:${kind}`;
    const { data, errors } = await world.askRaw(commodityAlone, { authorization });
    expect(errors).toEqual([]);
    expect(data.account.margins.commodity).toBe(null);
  },
);

test.each(['parameter', 'backend', 'otherField', 'otherStatus', 'otherType'])(
  'a refusal that only mentions the segment stays an error: %s',
  async (kind) => {
    const authorization = `token simulator:${kind}`;
    const { data, errors } = await world.askRaw(commodityAlone, { authorization });
    expect(data.account.margins.commodity).toBe(null);
    expect(errors).toMatchObject([
      { extensions: { code: expect.stringMatching(/^UPSTREAM_(ERROR|UNAVAILABLE)$/) } },
    ]);
  },
);
