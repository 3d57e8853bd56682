// What a transport promises, whichever HTTP client is under it: each test passes over both.
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrokerError } from '../../src/brokers/error.ts';
import { kiteWire } from '../../src/brokers/kite/client.ts';
import { gotTransport } from '../../src/brokers/upstream/got-transport.ts';
import { Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import type {
  Transport,
  TransportOptions,
  UpstreamRequest,
} from '../../src/brokers/upstream/transport.ts';
import { undiciTransport } from '../../src/brokers/upstream/undici-transport.ts';
import { version } from '../../src/shared/version.ts';
import { serveBytes, serveHttp, serveTls } from './raw-server.ts';

const token = 'secret-access-token';
const profile: UpstreamRequest = {
  method: 'GET',
  path: '/user/profile',
  apiKey: 'key',
  credential: { apiKey: 'key', accessToken: new Secret(token) },
};

const maxBodyBytes = 100_000;

const makers: readonly [string, (options: TransportOptions) => Transport][] = [
  ['got', gotTransport],
  [
    'undici',
    (options) => {
      const { send, close } = undiciTransport(options);
      onTestFinished(close);
      return send;
    },
  ],
];

function operation(milliseconds = 5_000): Deadline {
  const deadline = new Deadline(milliseconds);
  onTestFinished(() => deadline.end());
  return deadline;
}

function leaving(): { readonly operation: Operation; readonly leave: () => void } {
  const controller = new AbortController();
  return { operation: operation().unless(controller.signal), leave: () => controller.abort() };
}

function overTls({ host }: URL): URL {
  return new URL(`https://${host}`);
}

/** The error of a call that must fail, having shown that it holds nothing that it should not. */
async function failure(call: Promise<unknown>): Promise<BrokerError> {
  const error: unknown = await call.then(
    () => expect.unreachable('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BrokerError)) throw error;
  const shown = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`;
  expect(shown).not.toMatch(/secret-|127\.0\.0\.1|[Aa]uthorization|UND_ERR|RequestError/);
  expect(error.cause).toBeUndefined();
  return error;
}

describe.each(makers)('over %s', (name, make) => {
  const to = (baseUrl: URL, timeoutMilliseconds = 2_000) =>
    make({ wire: kiteWire, baseUrl, timeoutMilliseconds, maxBodyBytes });

  test('an answer is its status, its body and its Retry-After', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).end('{"name":"Äé₹"}');
    });
    expect(await to(url)(profile, operation())).toEqual({
      status: 429,
      body: '{"name":"Äé₹"}',
      retryAfterSeconds: 7,
    });
  });

  test.each(['soon', '2026-10-21', '-1', ''])(
    'a Retry-After of "%s" is ignored',
    async (header) => {
      const { url } = await serveHttp((_request, response) => {
        response.setHeader('retry-after', header).end('{}');
      });
      expect((await to(url)(profile, operation())).retryAfterSeconds).toBeNull();
    },
  );

  test('a Retry-After that is a date counts from the Date of the answer, a past one is no wait, and a far one is bounded', async () => {
    const dates = [
      'Wed, 21 Oct 2026 07:28:30 GMT',
      'Wed, 21 Oct 2026 07:27:00 GMT',
      'Fri, 31 Dec 9999 23:59:59 GMT',
    ];
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('date', 'Wed, 21 Oct 2026 07:28:00 GMT');
      response.setHeader('retry-after', dates.shift() ?? '').end('{}');
    });
    expect((await to(url)(profile, operation())).retryAfterSeconds).toBe(30);
    expect((await to(url)(profile, operation())).retryAfterSeconds).toBe(0);
    expect((await to(url)(profile, operation())).retryAfterSeconds).toBe(999_999);
  });

  test('the request is signed, names its client and version, and goes below the base', async () => {
    const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
    const { url } = await serveHttp(({ url, headers }, response) => {
      seen.push({ url, headers });
      response.end('{}');
    });
    const sandbox = to(new URL('/oms/', url));
    await sandbox(profile, operation());
    const query = { 'a b': 'c&d=é', token: new Secret('s+t') };
    await sandbox({ method: 'GET', path: '/user/margins', apiKey: 'key', query }, operation());
    expect(seen.map((request) => request.url?.split('?')[0])).toEqual([
      '/oms/user/profile',
      '/oms/user/margins',
    ]);
    expect(seen[0]?.headers).toMatchObject({
      authorization: `token key:${token}`,
      'x-kite-version': '3',
      'user-agent': `kite-graphql/${version}`,
      host: url.host,
    });
    expect(seen[1]?.headers).not.toHaveProperty('authorization');
    const sent = new URL(seen[1]?.url ?? '', url).searchParams;
    expect(Object.fromEntries(sent)).toEqual({ 'a b': 'c&d=é', token: 's+t' });
  });

  test('it says when the request has gone out', async () => {
    const { url } = await serveHttp((_request, response) => response.end('{}'));
    const send = to(url);
    let times = 0;
    const departure = {
      sent: () => {
        times += 1;
      },
    };
    await send(profile, operation(), departure);
    expect(times).toBe(1);
    const nowhere = to(new URL('http://127.0.0.1:9'));
    await failure(nowhere(profile, operation(), departure));
    expect(times).toBe(1);
  });

  test('a server that never answers is a timeout, from the sending on', async () => {
    const { url } = await serveBytes(() => {});
    const error = await failure(to(url, 150)(profile, operation()));
    expect(error).toMatchObject({ code: 'timeout', mayHaveReachedBroker: true });
  });

  test('headers and then nothing is a timeout', async () => {
    const { url } = await serveBytes((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'),
    );
    expect((await failure(to(url, 150)(profile, operation()))).code).toBe('timeout');
  });

  test('a trickle is no way around the deadline', async () => {
    const { url } = await serveBytes((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect((await failure(to(url, 200)(profile, operation()))).code).toBe('timeout');
  });

  test.each([
    ['before the headers', ''],
    ['in the headers', 'HTTP/1.1 200 OK\r\ncontent-'],
    ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"half":'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\n{"half":'],
  ])('a reset %s is unavailable', async (_where, beginning) => {
    const { url } = await serveBytes((socket) =>
      socket.write(beginning, () => setTimeout(() => socket.resetAndDestroy(), 20)),
    );
    const error = await failure(to(url)(profile, operation()));
    expect(error).toMatchObject({ code: 'unavailable', mayHaveReachedBroker: true });
  });

  test.each([
    ['no answer', ''],
    ['a shorter body than announced', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}'],
  ])('%s and an end of the connection is unavailable', async (_what, bytes) => {
    const { url } = await serveBytes((socket) => socket.end(bytes));
    expect((await failure(to(url)(profile, operation()))).code).toBe('unavailable');
  });

  test('an answer with two different lengths is an invalid response', async () => {
    const { url } = await serveBytes((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      ),
    );
    expect((await failure(to(url)(profile, operation()))).code).toBe('invalid-response');
  });

  test('a longer body than announced is read as far as announced', async () => {
    const { url } = await serveBytes((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'),
    );
    expect((await to(url)(profile, operation())).body).toBe('{}');
  });

  test('a refused connection is unavailable, and has not reached Kite', async () => {
    const error = await failure(to(new URL('http://127.0.0.1:9'))(profile, operation()));
    expect(error).toMatchObject({ code: 'unavailable', mayHaveReachedBroker: false });
  });

  test('a host that does not exist is unavailable, and has not reached Kite', async () => {
    const error = await failure(to(new URL('http://nowhere.invalid'))(profile, operation()));
    expect(error).toMatchObject({ code: 'unavailable', mayHaveReachedBroker: false });
  });

  test('a failure carries the code of its cause, and says whether the request may have left', async () => {
    const dropped = await serveBytes((socket) => socket.resetAndDestroy());
    const ended = await serveBytes((socket) => socket.end());
    const plain = await serveHttp((_request, response) => response.end('{}'));
    const certificateless = await serveTls();
    const notHttp = await serveBytes((socket) => socket.write('HELO\r\n\r\n'));
    const causes = [
      [new URL('http://127.0.0.1:1'), 'unavailable', /^ECONNREFUSED$/, false],
      [new URL('http://nowhere.invalid'), 'unavailable', /^(ENOTFOUND|EAI_AGAIN)$/, false],
      [dropped.url, 'unavailable', /^ECONNRESET$/, true],
      [ended.url, 'unavailable', /^ECONNRESET$/, true],
      [overTls(plain.url), 'unavailable', /^(ERR_SSL_[\w/]+|EPROTO)$/, expect.any(Boolean)],
      [
        overTls(certificateless.url),
        'unavailable',
        /^(ERR_SSL_[\w/]+|EPROTO)$/,
        expect.any(Boolean),
      ],
      [notHttp.url, 'invalid-response', /^HPE_\w+$/, true],
    ] as const;
    for (const [address, code, systemCode, mayHaveReachedBroker] of causes) {
      const error = await failure(to(address)(profile, operation()));
      expect(error).toMatchObject({ code, mayHaveReachedBroker });
      expect(error.systemCode, address.href).toMatch(systemCode);
    }
  });

  test.each([
    'SSH-2.0-OpenSSH_9.6\r\n',
    'HTTP/1.1 abc OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: secret-x\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nsecret-zz\r\n',
  ])('%j is an invalid response', async (bytes) => {
    const { url } = await serveBytes((socket) => socket.write(bytes));
    expect((await failure(to(url)(profile, operation()))).code).toBe('invalid-response');
  });

  test('a chunked body is put together, also where a character is cut in two', async () => {
    const text = '{"rupee":"₹"}';
    const bytes = Buffer.from(text);
    const { url } = await serveHttp(async (_request, response) => {
      for (let at = 0; at < bytes.length; at += 5) {
        response.write(bytes.subarray(at, at + 5));
        await sleep(2);
      }
      response.end();
    });
    expect((await to(url)(profile, operation())).body).toBe(text);
  });

  test('an empty body is an empty text', async () => {
    const { url } = await serveHttp((_request, response) => response.writeHead(204).end());
    expect(await to(url)(profile, operation())).toMatchObject({ status: 204, body: '' });
  });

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['identity', Buffer.from],
  ])('a body that comes as %s is read, asked for or not', async (encoding, compress) => {
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('content-encoding', encoding).end(compress('{"status":"success"}'));
    });
    expect((await to(url)(profile, operation())).body).toBe('{"status":"success"}');
  });

  test.each([
    ['plain', undefined, Buffer.from],
    ['compressed', 'gzip', gzipSync],
  ])('a byte-order mark before a %s body is passed over', async (_how, encoding, compress) => {
    const { url } = await serveHttp((_request, response) => {
      if (encoding) response.setHeader('content-encoding', encoding);
      response.end(compress('\ufeff{"status":"success"}'));
    });
    expect((await to(url)(profile, operation())).body).toBe('{"status":"success"}');
  });

  test('bytes in an encoding that is unknown are given as they are', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('content-encoding', 'rot13').end('{}');
    });
    expect((await to(url)(profile, operation())).body).toBe('{}');
  });

  test('no compression is asked for', async () => {
    let asked: string | undefined;
    const { url } = await serveHttp(({ headers }, response) => {
      asked = headers['accept-encoding'];
      response.end('{}');
    });
    await to(url)(profile, operation());
    expect(asked).toBeUndefined();
  });

  test('a body that is not in the encoding that it names is an invalid response', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip').end('{"token":"secret-body"}');
    });
    expect((await failure(to(url)(profile, operation()))).code).toBe('invalid-response');
  });

  test('a small body that unpacks to a huge one is an invalid response', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(20 * maxBodyBytes)));
    });
    expect((await failure(to(url)(profile, operation()))).code).toBe('invalid-response');
  });

  test('a body is read up to a bound, and the rest is not waited for', async () => {
    const { url, sockets } = await serveHttp((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect((await failure(to(url)(profile, operation()))).code).toBe('invalid-response');
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  });

  test.each([
    [200, 'invalid-response'],
    [403, 'invalid-response'],
    [429, 'rate-limited'],
    [502, 'unavailable'],
  ])('a body over the bound with status %i is %s', async (status, code) => {
    const { url } = await serveHttp((_request, response) =>
      response.writeHead(status).end('x'.repeat(2 * maxBodyBytes)),
    );
    expect(await failure(to(url)(profile, operation()))).toMatchObject({ status, code });
  });

  test('a body of the longest length is read', async () => {
    const { url } = await serveHttp((_request, response) => response.end('x'.repeat(maxBodyBytes)));
    expect((await to(url)(profile, operation())).body).toHaveLength(maxBodyBytes);
  });

  test('a redirect is an answer, and the next host never sees the token', async () => {
    let calls = 0;
    const { url } = await serveHttp((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: '/elsewhere' }).end('moved');
    });
    expect(await to(url)(profile, operation())).toMatchObject({ status: 302, body: 'moved' });
    expect(calls).toBe(1);
  });

  test('calls one after another share connections', async () => {
    const { url, sockets } = await serveHttp((_request, response) => response.end('{}'));
    const send = to(url);
    for (let n = 0; n < 20; n += 1) await send(profile, operation());
    // undici frees a connection just after its answer was given, and a quick caller finds it busy still.
    expect(sockets.length).toBeLessThanOrEqual(2);
  });

  test('a connection that the server has closed meanwhile is not used again', async () => {
    const { url, sockets } = await serveHttp((_request, response) => response.end('{}'), {
      keepAliveTimeout: 1,
    });
    const send = to(url);
    await send(profile, operation());
    if (sockets[0]?.destroyed === false) await once(sockets[0], 'close');
    await sleep(20);
    expect((await send(profile, operation())).status).toBe(200);
    expect(sockets).toHaveLength(2);
  });

  test('a cancelled call closes its connection', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { url, sockets } = await serveBytes(() => arrived());
    const { operation: left, leave } = leaving();
    const call = failure(to(url)(profile, left));
    await arrival;
    leave();
    expect((await call).code).toBe('aborted');
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  });

  test('a call that is already cancelled opens no connection', async () => {
    const { url, sockets } = await serveHttp((_request, response) => response.end('{}'));
    const { operation: left, leave } = leaving();
    leave();
    const error = await failure(to(url)(profile, left));
    expect(error).toMatchObject({ code: 'aborted', mayHaveReachedBroker: false });
    expect(sockets).toHaveLength(0);
  });

  test("the operation's deadline is a timeout", async () => {
    const { url } = await serveBytes(() => {});
    expect((await failure(to(url)(profile, operation(100)))).code).toBe('timeout');
  });

  test('a failed call leaves the next ones alone', async () => {
    let calls = 0;
    const { url } = await serveHttp((request, response) => {
      calls += 1;
      if (calls === 1) request.socket.resetAndDestroy();
      else response.end(`{"call":${calls}}`);
    });
    const send = to(url);
    await failure(send(profile, operation()));
    expect((await send(profile, operation())).body).toBe('{"call":2}');
  });

  test('many calls at once get their own answers', async () => {
    const { url } = await serveHttp(async ({ url: path }, response) => {
      await sleep(Math.random() * 20);
      response.end(path);
    });
    const send = to(url);
    const paths = Array.from({ length: 50 }, (_, n) => `/user/${n}`);
    const bodies = await Promise.all(
      paths.map(async (path) => (await send({ ...profile, path }, operation())).body),
    );
    expect(bodies).toEqual(paths);
  });

  // The other one is for reads alone, and says so.
  test(
    name === 'got' ? 'a form is sent as one, and its secrets with it' : 'a write is refused',
    async () => {
      const seen: string[] = [];
      const { url } = await serveHttp(async (request, response) => {
        seen.push(request.headers['content-type'] ?? '');
        for await (const chunk of request) seen.push(String(chunk));
        response.end('{}');
      });
      const form = {
        api_key: 'key',
        request_token: new Secret('a b&c'),
        checksum: new Secret('0f'),
      };
      const write = { method: 'POST', path: '/session/token', apiKey: 'key', form } as const;
      const sent = to(url)(write, operation());
      if (name !== 'got') {
        await expect(sent).rejects.toThrow(TypeError);
        return;
      }
      await sent;
      expect(seen).toEqual([
        'application/x-www-form-urlencoded',
        'api_key=key&request_token=a+b%26c&checksum=0f',
      ]);
    },
  );
});
