// Requests that node:http cannot read are refused in the gateway's own words, and as many headers arrive as were sent.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';
import { graphql } from '../generated/gql.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld();
const ids = graphql(`query UnreadableIds { accounts { id } }`);
const body = JSON.stringify({ query: ids.toString() });

/** Sends bytes as they are, and waits for the other side to close. */
async function sent(port: number | string, text: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  // A server that has had enough may reset the connection while this still writes to it.
  socket.on('error', () => {});
  socket.write(Buffer.from(text, 'latin1'));
  await once(socket, 'close');
  return answer;
}

function requestWith(headers: string, more = 'Connection: close\r\n'): string {
  const fixed = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  return `POST /graphql HTTP/1.1\r\n${fixed}\r\n${more}${headers}\r\n${body}`;
}

const { port } = new URL(world.url);

test.each([
  ['a control character', 'token a:super\u0001secret'],
  ['a NUL', 'token a:super\u0000secret'],
  ['a delete character', 'token a:super\u007fsecret'],
  ['a lone CR', 'token a:super\rsecret'],
  ['a lone LF', 'token a:super\nsecret'],
  ['a folded line', 'token a:super\r\n secret'],
])('a header with %s is BAD_USER_INPUT, and not echoed', async (_what, value) => {
  const answer = await sent(port, requestWith(`Authorization: ${value}\r\n`));
  const [head = '', text = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const { errors } = JSON.parse(text);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }]);
  expect(head).toContain(`\r\nx-request-id: ${errors[0].extensions.requestId}\r\n`);
  expect(answer).not.toMatch(/super|secret/);
});

test('headers beyond their bound are refused, with the reason in an answer that arrives', async () => {
  const credential = `token ${'k'.repeat(128)}:${'supersecret'.padEnd(128, 'x')}`;
  const many = Array.from({ length: 1_000 }, () => credential).join(', ');
  const answer = await sent(port, requestWith(`Authorization: ${many}\r\n`));
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(answer).toContain('"code":"BAD_USER_INPUT"');
  expect(answer).not.toContain('supersecret');
});

test('a thousand headers of one credential each all arrive', async () => {
  const headers = Array.from({ length: 1_000 }, (_, n) => `Authorization: token a:t${n}\r\n`);
  const answer = await sent(port, requestWith(headers.join('')));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer.match(/"id":/g)).toHaveLength(1_000);
});

test('what follows a good request on its connection spoils no answer', async () => {
  const answer = await sent(port, `${requestWith('', '')}nonsense\r\n\r\n`);
  for (const text of answer.split(/(?=HTTP\/1\.1 )/)) {
    const [head = '', payload = ''] = text.split('\r\n\r\n');
    expect(head).toContain(`ength: ${Buffer.byteLength(payload)}`);
    expect(JSON.parse(payload)).toMatchObject({ errors: [{}] });
  }
});

test('the callback receives each refusal, with the request id of its answer', async () => {
  const gateway = createGateway();
  const told: unknown[][] = [];
  const server = await listen(gateway, '127.0.0.1', 0, {
    onUnreadable: (...words) => told.push(words),
  });
  const answer = await sent(server.port, 'nonsense\r\n\r\n');
  await server.close(0);
  await gateway.dispose();
  const [, id = ''] = /x-request-id: (\S+)/.exec(answer) ?? [];
  expect(told).toEqual([[id, expect.stringMatching(/^HPE_/), '127.0.0.1']]);
});
