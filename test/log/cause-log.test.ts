// The log tells why the broker or the store failed: by the code of the cause, with the request, and without a secret.
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { createCauseLog } from '../../src/http/plugins/cause-log.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../src/keyring/stores/store.ts';
import { adviceFor } from '../../src/keyring/stores/store-advice.ts';
import { readableLog } from '../support/readable-log.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';

const token = 'hunter2hunter2';

/** Asks a gateway on this upstream for an account, and gives what it logged above and at debug level. */
async function logOf(kiteBaseUrl: string, times = 1) {
  const log = readableLog();
  log.logger.level = 'debug';
  const gateway = createGateway({ kiteBaseUrl, kiteRateLimit: 0, logger: log.logger });
  onTestFinished(() => gateway.dispose());
  for (let n = 1; n <= times; n += 1) {
    await gateway.fetch('http://localhost:4000/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': `request-${n}`,
        authorization: `token mykey:${token}${n}`,
      },
      body: JSON.stringify({ query: '{ account { user { userId } } }' }),
    });
  }
  expect(JSON.stringify(log.lines)).not.toMatch(/hunter2|mykey|127\.0\.0\.1|nowhere/);
  return log.lines.filter(({ msg }) => msg === 'A call to the broker failed');
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

test('a refused connection, a name that is unknown and a failed TLS handshake read differently', async () => {
  const speaksNoTls = await listening(createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n')));
  const closed = createServer();
  const refusing = await listening(closed);
  closed.close();
  const causes = [
    [`http://${refusing}`, /^ECONNREFUSED$/],
    ['http://nowhere.invalid', /^(ENOTFOUND|EAI_AGAIN)$/],
    [`https://${speaksNoTls}`, /^(ERR_SSL_[\w/]+|EPROTO)$/],
  ] as const;
  for (const [address, cause] of causes) {
    const lines = await logOf(address);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 40,
        requestId: 'request-1',
        method: 'GET',
        path: '/user/profile',
        reason: 'unavailable',
        cause: expect.stringMatching(cause),
      }),
    ]);
  }
});

test('an exchange that fails on the way of a redirect is logged with the id of its request', async () => {
  const log = readableLog();
  const closed = createServer();
  const refusing = await listening(closed);
  closed.close();
  const gateway = createGateway({
    kiteBaseUrl: `http://${refusing}`,
    kiteRateLimit: 0,
    apps: [{ apiKey: 'mykey', apiSecret: 'hunter2' }],
    logger: log.logger,
  });
  onTestFinished(() => gateway.dispose());
  const origin = 'http://localhost:4000';
  const begun = await gateway.fetch(`${origin}/login?app=mykey`);
  const login = new URL(begun.headers.get('location') ?? '');
  const state = new URLSearchParams(login.searchParams.get('redirect_params') ?? '').get('state');
  const cookie = begun.headers.getSetCookie().map((line) => line.split(';')[0]);
  await gateway.fetch(`${origin}/callback?status=success&request_token=${token}&state=${state}`, {
    headers: { cookie: cookie.join('; '), 'x-request-id': 'redirect-1' },
  });
  const lines = log.lines.filter(({ msg }) => msg === 'A call to the broker failed');
  expect(lines).toMatchObject([{ requestId: 'redirect-1', cause: 'ECONNREFUSED' }]);
  expect(JSON.stringify(log.lines)).not.toContain('hunter2');
});

test('equal failures are one warning, and the debug level logs each with its request', async () => {
  const closed = createServer();
  const refusing = await listening(closed);
  closed.close();
  const lines = await logOf(`http://${refusing}`, 3);
  expect(lines.map(({ level, requestId }) => [level, requestId])).toEqual([
    [40, 'request-1'],
    [20, 'request-2'],
    [20, 'request-3'],
  ]);
});

test('after the interval there is a warning again, which counts those between', () => {
  const { logger, lines } = readableLog();
  logger.level = 'debug';
  let now = 0;
  const failed = createCauseLog(
    logger,
    'It failed',
    { repeatedWarningSeconds: 10, warnedCauses: 100 },
    () => now,
  );
  failed('ECONNREFUSED', {});
  failed('ECONNREFUSED', {});
  failed('ENOTFOUND', {});
  now = 10_000;
  failed('ECONNREFUSED', {});
  expect(lines.map(({ level, cause, repeated }) => [level, cause, repeated])).toEqual([
    [40, 'ECONNREFUSED', undefined],
    [20, 'ECONNREFUSED', undefined],
    [40, 'ENOTFOUND', undefined],
    [40, 'ECONNREFUSED', 1],
  ]);
});

test('a store that is nowhere names its cause, and the advice differs', async () => {
  const refusing = createServer();
  const address = await listening(refusing);
  refusing.close();
  const causes = [
    [`redis://:hunter2@${address}`, 'ECONNREFUSED'],
    ['sqlite:/nowhere/keyrings.db', 'ENOENT'],
    ['sqlite:/dev/null', /^SQLITE_/],
  ] as const;
  for (const [url, cause] of causes) {
    const error = await openKeyringStore(url, () => new Date()).catch((thrown: unknown) => thrown);
    if (!(error instanceof KeyringStoreError)) throw error;
    expect(error.systemCode).toMatch(cause);
    expect(adviceFor(error)).toContain(`${error.systemCode}: `);
  }
});

describeWithRedis((redis) => {
  test('a wrong password of Redis reads so, and not as a server that is down', async () => {
    const { host } = new URL(redis.url);
    const admin = await openKeyringStore(redis.url, () => new Date());
    const raw = await rawRedis(redis.url);
    await raw(['CONFIG', 'SET', 'requirepass', 'correct-horse']);
    for (const [url, cause, sentence] of [
      [`redis://:hunter2@${host}`, 'WRONGPASS', /refuses the user name or the password/],
      [`redis://${host}`, 'NOAUTH', /requires a password/],
    ] as const) {
      const opening = openKeyringStore(url, () => new Date());
      const error = await opening.catch((thrown: unknown) => thrown);
      if (!(error instanceof KeyringStoreError)) throw error;
      expect(error.systemCode).toBe(cause);
      expect(adviceFor(error)).toMatch(sentence);
      expect(adviceFor(error)).not.toMatch(/hunter2|server up/);
    }
    await admin.close();
  });

  test('a rate limit that cannot be counted in Redis says why', async () => {
    const log = readableLog();
    const { host } = new URL(redis.url);
    const gateway = createGateway({
      kiteBaseUrl: 'http://127.0.0.1:1',
      redisUrl: `redis://:hunter2@${host}`,
      // No call is made without Redis: the query waits for as long as it may.
      operationTimeoutMilliseconds: 1_000,
      logger: log.logger,
    });
    onTestFinished(() => gateway.dispose());
    await gateway.fetch('http://localhost:4000/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `token mykey:${token}` },
      body: JSON.stringify({ query: '{ account { user { userId } } }' }),
    });
    await expect
      .poll(() => log.lines.filter(({ msg }) => msg.startsWith('Redis does not answer')))
      .toMatchObject([{ level: 40, cause: 'WRONGPASS' }]);
    expect(JSON.stringify(log.lines)).not.toContain('hunter2');
  });
});

/** Sends commands to Redis over a connection of its own. */
async function rawRedis(url: string) {
  const { createClient } = await import('@redis/client');
  const client = createClient({ url });
  await client.connect();
  onTestFinished(() => client.destroy());
  return (words: string[]) => client.sendCommand(words);
}
