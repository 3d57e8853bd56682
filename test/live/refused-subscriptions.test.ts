// A subscription that is refused before its first event: one event with the error in a stream that was accepted, and 503
// with Retry-After where the same request may succeed later.
import { describe, expect, test } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { watchedStore } from '../support/watched-store.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const origin = 'http://localhost:4000';
const authorization = tokens('SIM0001');
const news = 'subscription { sessionsChanged { reason } }';
const live = (args = '') => `subscription { marginsChanged${args} { account { id } } }`;
const withVariable =
  'subscription ($n: Int!) { marginsChanged(everySeconds: $n) { account { id } } }';
const events = { accept: 'text/event-stream' };

const watched = watchedStore(() => startOfTime);
const world = await startWorld({
  keyringStore: watched.store,
  limits: { keyringStreams: 1 },
});

/** Sends a subscription by GET or POST. */
function send(method: string, query: string, headers: Record<string, string>): Promise<Response> {
  return method === 'GET'
    ? fetch(`${world.url}?query=${encodeURIComponent(query)}`, { headers })
    : fetch(world.url, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      });
}

/** Status, Retry-After, the events and the code of the error of an answer that ends. */
async function told(response: Response) {
  const text = await response.text();
  const [, data = '{}'] = /^data: (.+)$/m.exec(text) ?? [];
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    events: [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name),
    code: JSON.parse(data).errors?.[0].extensions.code,
    text,
  };
}

const stream = { type: 'text/event-stream', events: ['next', 'complete'] };

describe.each(['GET', 'POST'])('by %s', (method) => {
  test.each([
    ['of a request without a credential', live(), {}, 'UNAUTHENTICATED'],
    ['of sessions with header credentials', news, { authorization }, 'UNAUTHENTICATED'],
    ['of an unknown account', live('(accountIds: ["none"])'), { authorization }, 'NOT_FOUND'],
    ['with a wrong argument', live('(everySeconds: 0)'), { authorization }, 'BAD_USER_INPUT'],
    ['with a wrong variable', withVariable, { authorization }, 'BAD_USER_INPUT'],
    ['that is not valid', 'subscription { none }', { authorization }, 'BAD_USER_INPUT'],
    ['that cannot be parsed', 'subscription {', { authorization }, 'BAD_USER_INPUT'],
    ['that the document does not have', 'fragment F on Query { __typename }', {}, 'BAD_USER_INPUT'],
  ])(
    'a subscription %s is refused by an event of an accepted stream',
    async (_, query, sent, code) => {
      const answer = await told(await send(method, query, { ...events, ...sent }));
      expect(answer).toMatchObject({ ...stream, status: 200, retryAfter: null, code });
      expect(answer.text).not.toContain('"http"');
    },
  );

  test('a subscription that could not be told from JSON has the status of its error', async () => {
    const accept = 'application/graphql-response+json, text/event-stream';
    const response = await send(method, live(), { accept });
    expect(response.status).toBe(400);
    expect((await response.json()).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    const older = await send(method, live(), { accept: 'application/json, text/event-stream' });
    expect(older.status).toBe(200);
    expect((await older.json()).errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });
});

async function browser(): Promise<Visitor> {
  const { origin: gateway } = new URL(world.url);
  const visitor = new Visitor(gateway, origin);
  await visitor.logIn(`${gateway}/login?app=simulator`, 'SIM0001');
  return visitor;
}

test.each([
  ['sessionsChanged', news],
  ['marginsChanged', live()],
])('%s is refused with 503 while the store is down', async (_, query) => {
  const visitor = await browser();
  watched.outage = 'everything';
  const answer = await told(await send('POST', query, { ...events, ...visitor.headers() }));
  watched.outage = null;
  expect(answer).toMatchObject({
    ...stream,
    status: 503,
    retryAfter: '1',
    code: 'KEYRING_UNAVAILABLE',
  });
});

test('a browser that has as many streams as it may is refused with 503 and told when to come back', async () => {
  const visitor = await browser();
  const headers = { ...events, ...visitor.headers() };
  const first = await send('POST', news, headers);
  expect(first.status).toBe(200);
  const reader = first.body?.getReader();
  let begun = '';
  while (!begun.includes('PRESENT'))
    begun += new TextDecoder().decode((await reader?.read())?.value);
  const answer = await told(await send('POST', news, headers));
  expect(answer).toMatchObject({ ...stream, status: 503, retryAfter: '60', code: 'RATE_LIMITED' });
  await reader?.cancel();
});
