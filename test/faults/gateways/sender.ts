// What strangers send: many requests at once, with or without reading the answers.
import { randomBytes } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** One request to send. */
export interface Abuse {
  readonly query?: string;
  readonly variables?: unknown;
  /** The body as it is, in place of an operation. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends requests, so many at once, and counts the answers by status and code. */
export async function sendAll(
  url: string,
  requests: readonly Abuse[],
  atOnce = 32,
): Promise<ReadonlyMap<string, number>> {
  const answers = new Map<string, number>();
  const left = [...requests];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const answer = await sendOne(url, next);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return answers;
}

/** Sends one request, reads the answer to its end, and says its status, size and first code. */
export function sendOne(url: string, { body, headers, ...operation }: Abuse): Promise<string> {
  const text = body ?? JSON.stringify(operation);
  return new Promise((resolve) => {
    const sending = request(
      url,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          'x-forwarded-for': '203.0.113.7',
          ...headers,
        },
      },
      (response) => {
        let size = 0;
        let start = '';
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (start.length < 4_096) start += chunk.toString('latin1');
        });
        response.once('error', () => resolve('cut off'));
        response.once('end', () => {
          const code = /"code":"(\w+)"/.exec(start)?.[1];
          const magnitude = size > 1_000_000 ? ` ${Math.round(size / 1_000_000)} MB` : '';
          resolve(`${response.statusCode}${code ? ` ${code}` : ''}${magnitude}`);
        });
      },
    );
    sending.setTimeout(100_000, () => sending.destroy(new Error('no answer')));
    sending.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sending.end(text);
  });
}

/** Opens connections that send bytes and never read; each stays open until the server ends it or {@link closeAll}. */
export function connectSilently(port: number, count: number, bytes: string): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.pause();
    socket.write(bytes);
    return socket;
  });
}

/** Ends connections. */
export function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** A request as bytes, for a connection that nothing reads. */
export function requestBytes(operation: object, headers: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify(operation);
  const lines = Object.entries({
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': `${Buffer.byteLength(body)}`,
    'x-forwarded-for': '203.0.113.7',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** So many of something. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** An Authorization header with tokens that no broker knows. */
export function inventedCredentials(count: number, apiKey: (index: number) => string): string {
  return times(count, (index) => `token ${apiKey(index)}:${randomBytes(16).toString('hex')}`).join(
    ', ',
  );
}

/** A query whose answer would have a hundred thousand errors. */
export const manyErrors = {
  query: `query ($ids: [ID!]) { ${times(100, (index) => `a${index}: accounts(ids: $ids) { id }`).join(' ')} }`,
  variables: { ids: times(1_000, (index) => `unknown-${index}`) },
};

/** The whole answer to a request. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A connection for each request, which ends with it: what a gateway holds afterwards is its own. */
const passing = new Agent({ keepAlive: false });

/** Sends one operation, and gives the whole answer. @throws where there is none. */
export function sendJson(
  url: string,
  { body, headers, ...operation }: Abuse,
  agent: Agent = passing,
): Promise<WholeAnswer> {
  const text = body ?? JSON.stringify(operation);
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...headers,
        },
      },
      (response) => {
        let whole = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          whole += chunk;
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: whole }),
        );
      },
    );
    sending.setTimeout(100_000, () => sending.destroy(new Error('no answer')));
    sending.once('error', reject);
    sending.end(text);
  });
}
