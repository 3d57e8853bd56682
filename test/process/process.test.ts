// The process as its operator meets it: greeting, signals, the addresses it listens on, its log.
import { writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readEvents } from '../support/follower.ts';
import { emptyFolder, freePorts, run, startCommand } from '../support/processes/command.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const ipv6: [string, string][] = [
  ['::', 'localhost'],
  ['::1', '[::1]'],
];
const two = 'token simulator:SIM0001-token, token simulator:SIM0002-token';

describe('the greeting', () => {
  test('says what runs where, in a handful of lines, with a curl that works as it stands', async () => {
    const { greeting, url, simulatorUrl } = await startCommand();
    expect(greeting).toContain(`GraphQL    ${url} `);
    expect(greeting).toContain('open it in a browser for GraphiQL');
    expect(greeting).toContain(`simulated at ${simulatorUrl}`);
    expect(greeting.trim().split('\n').length).toBeLessThan(15);

    const curl = /^ *curl [\s\S]*?[^\\]$/m.exec(greeting)?.[0] ?? '';
    const shell = await run({ program: ['sh', '-c', curl] }).ended;
    const { data, errors } = JSON.parse(shell.stdout);
    expect(errors).toBeUndefined();
    expect(data.accounts).toEqual([
      {
        id: expect.any(String),
        user: { userName: expect.any(String) },
        margins: { equity: { net: 99725.05000000002 }, commodity: { net: expect.any(Number) } },
      },
      {
        id: expect.any(String),
        user: { userName: expect.any(String) },
        margins: { equity: { net: expect.any(Number) }, commodity: { net: 0 } },
      },
    ]);
    expect(await counts(simulatorUrl)).toEqual({ '/user/profile': 2, '/user/margins': 2 });
  });

  test('has a login for each broker that works by a click, and a page with what to type', async () => {
    const { greeting, simulatorUrl } = await startCommand();
    const logins = [...greeting.matchAll(/log in at (\S+)/g)].map(([, address = '']) => address);
    expect(logins).toHaveLength(2);
    const answers = await Promise.all(
      logins.map((address) => fetch(address, { redirect: 'manual' })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([303, 200]);
    expect(answers[0]?.headers.get('location')).toContain(`${simulatorUrl}/connect/login`);
    expect(await answers[1]?.text()).toContain('Log in to Kotak Securities');
    const control = /simulated at (\S+\/kotak),/.exec(greeting)?.[1] ?? '';
    expect(await (await fetch(control)).text()).toContain('SIMK01-password');
  });

  test('names no second user where there is one', async () => {
    const { greeting } = await startCommand({ env: { SIMULATOR_ACCOUNTS: '1' } });
    expect(greeting).toContain('SIM0001-token');
    expect(greeting).not.toContain('SIM0002-token');
  });

  test.each([['0.0.0.0', 'localhost'], ['127.0.0.1', '127.0.0.1'], ...(hasIpv6 ? ipv6 : [])])(
    'with HOST=%s names an address that can be opened',
    async (HOST, host) => {
      const { greeting, port } = await startCommand({ env: { HOST } });
      expect(greeting).toContain(`http://${host}:${port}/graphql`);
      expect(await status(`http://${host}:${port}/graphql`)).toBe(200);
    },
  );

  test('with KITE_BASE_URL starts no simulator and prints no credential', async () => {
    const upstream = await startCommand();
    const KITE_BASE_URL = upstream.simulatorUrl;
    const { greeting, simulatorUrl, url } = await startCommand({ env: { KITE_BASE_URL } });
    expect(greeting).toContain(KITE_BASE_URL);
    expect(greeting).not.toContain('SIM0001-token');
    await expect(fetch(simulatorUrl)).rejects.toThrow();
    expect(await (await graphiql(url)).text()).not.toContain('SIM0001-token');
  });

  test('of an app of Kotak names its host, and Kite only where that has an app too', async () => {
    const kotak = { broker: 'KOTAK', apiKey: 'consumer', accessToken: 'token-of-the-app' };
    for (const [apps, names] of [
      [[kotak], ['Kotak']],
      [
        [{ apiKey: 'mykey', apiSecret: 'mysecret' }, kotak],
        ['Kite', 'Kotak'],
      ],
    ] as const) {
      const APPS_FILE = join(emptyFolder(), 'apps.json');
      writeFileSync(APPS_FILE, JSON.stringify(apps));
      const KOTAK_BASE_URLS = 'http://127.0.0.1:1/apim,http://127.0.0.1:2/apim';
      const { greeting } = await startCommand({ env: { APPS_FILE, KOTAK_BASE_URLS } });
      expect(greeting.match(/(?<=^ {2})(Kite|Kotak)(?= +http)/gm)).toEqual(names);
      expect(greeting).toContain('Kotak      http://127.0.0.1:1/apim');
      expect(greeting).not.toContain('token-of-the-app');
    }
  });

  test('with PUBLIC_URL names the public address, and the redirect URL to register at Kite', async () => {
    const PUBLIC_URL = 'https://kite.example/funds/';
    const one = { KITE_API_KEY: 'mykey', KITE_API_SECRET: 'mysecret' };
    const { greeting, port } = await startCommand({ env: { ...one, PUBLIC_URL } });
    expect(greeting).toMatch(/GraphQL +https:\/\/kite\.example\/funds\/graphql /);
    expect(greeting).toMatch(new RegExp(`Listening +http://localhost:${port}$`, 'm'));
    expect(greeting).toContain(
      'Redirect   https://kite.example/funds/callback   register it at Kite as the redirect URL of the app',
    );
    // On this machine, where it works before the proxy does.
    expect(greeting).toContain(`curl http://localhost:${port}/graphql`);
    expect(greeting).toMatch(/Note +PUBLIC_URL is https, but NODE_ENV is not production/);
    expect(greeting).not.toContain('mysecret');
  });

  test('names no redirect URL where no app of Kite has logins', async () => {
    const { greeting } = await startCommand();
    expect(greeting).not.toMatch(/Redirect|Listening/);
  });

  test('of an app without its secret says what then does not work', async () => {
    const { greeting } = await startCommand({ env: { KITE_API_KEY: 'mykey' } });
    const notes = greeting.split('\n').filter((line) => line.includes('Note'));
    expect(notes).toEqual([expect.stringMatching(/mykey has no secret.*exchangeToken/)]);
  });
});

test('by default each loopback address of the machine is listened on, and no other', async () => {
  const { port } = await startCommand();
  expect(await status(`http://127.0.0.1:${port}/graphql`)).toBe(200);
  if (hasIpv6) expect(await status(`http://[::1]:${port}/graphql`)).toBe(200);
  await expect(status(`http://127.0.0.2:${port}/graphql`)).rejects.toThrow('ECONNREFUSED');
});

test('a thousand credentials and a repeated header arrive whole', async () => {
  const { port } = await startCommand({ env: { SIMULATOR_ACCOUNTS: '1000' } });
  const all = Array.from({ length: 999 }, (_, i) => `token simulator:${id(i + 1)}-token`).join(
    ', ',
  );
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request(
    {
      port,
      path: '/graphql',
      method: 'POST',
      headers: [
        'content-type',
        'application/json',
        'authorization',
        all,
        'authorization',
        `token simulator:${id(1000)}-token`,
        'host',
        'localhost',
      ],
    },
    (response) => void read(response).then(resolve, reject),
  );
  call.on('error', reject).end('{"query": "{ accounts { apiKey } }"}');
  expect(JSON.parse(await promise).data.accounts).toHaveLength(1000);
});

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test('ends it with 0 as soon as what is in flight has its answer, idle connections or not', async () => {
    const env = { SIMULATOR_LATENCY_MS: '600' };
    const { process, ended, port, simulatorUrl } = await startCommand({ env });
    const idle = new Agent({ keepAlive: true });
    onTestFinished(() => idle.destroy());
    await read(await getting(`http://127.0.0.1:${port}/graphql?query={__typename}`, idle));
    const connected = await open(port);

    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const query = encodeURIComponent('{ accounts { user { userName } } }');
    const answer = getting(`http://127.0.0.1:${port}/graphql?query=${query}`, agent);
    await expect.poll(() => counts(simulatorUrl)).toEqual({ '/user/profile': 2 });
    process.kill(signal);
    const { data } = JSON.parse(await read(await answer));
    expect(data.accounts).toHaveLength(2);
    expect(await ended).toMatchObject({ code: 0, signal: null });
    connected.destroy();
  });

  test('closes open subscriptions at shutdown without `complete`, so that clients reconnect', async () => {
    const { process, ended, url, simulatorUrl } = await startCommand();
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: two,
      },
      body: '{"query": "subscription { marginsChanged { margins { equity { net } } } }"}',
    });
    const live = readEvents(response, () => {});
    expect(await live.next()).toMatchObject({ data: { marginsChanged: {} } });
    expect(await live.next()).toMatchObject({ data: { marginsChanged: {} } });
    expect(await counts(simulatorUrl)).toEqual({ '/user/margins/equity': 2 });
    process.kill(signal);
    // No `event: complete`, which would tell a client that this was all.
    await expect(live.next()).rejects.toThrow();
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/error/i);
  });

  test('twice ends it at once, whatever is in flight', async () => {
    const { process, ended, port, simulatorUrl } = await startCommand({
      env: { SIMULATOR_LATENCY_MS: '60000' },
    });
    const query = encodeURIComponent('{ accounts { user { userName } } }');
    const cut = expect(
      getting(`http://127.0.0.1:${port}/graphql?query=${query}`),
    ).rejects.toThrow();
    await expect.poll(() => counts(simulatorUrl)).toEqual({ '/user/profile': 2 });
    process.kill(signal);
    // The first one is taken once it accepts no more.
    await expect
      .poll(() =>
        open(port).then(
          (socket) => socket.destroy() && 'open',
          () => 'closed',
        ),
      )
      .toBe('closed');
    process.kill(signal);
    expect(await ended).toMatchObject({ code: 1, signal: null });
    await cut;
  });

  test('ends the simulator alone', async () => {
    const [port = 0] = await freePorts(1);
    const { process, said, ended } = run({
      words: ['simulator'],
      env: { SIMULATOR_PORT: `${port}` },
    });
    const curl = /curl .*/.exec(await said(/Ctrl-C/))?.[0] ?? '';
    const { stdout } = await run({ program: ['sh', '-c', curl] }).ended;
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'success',
      data: { email: expect.any(String) },
    });
    process.kill(signal);
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });
});

test('SIGTERM leaves a call that Kite does not answer its time', async () => {
  const { process, ended, port, simulatorUrl } = await startCommand({
    env: { SIMULATOR_LATENCY_MS: '60000', KITE_TIMEOUT_MS: '5500' },
  });
  const query = encodeURIComponent('{ accounts { user { userName } } }');
  const answer = getting(`http://127.0.0.1:${port}/graphql?query=${query}`);
  await expect.poll(() => counts(simulatorUrl)).toEqual({ '/user/profile': 2 });
  process.kill('SIGTERM');
  const { errors } = JSON.parse(await read(await answer));
  expect(errors.at(-1)).toMatchObject({ extensions: { code: 'UPSTREAM_TIMEOUT' } });
  expect(await ended).toMatchObject({ code: 0, signal: null });
});

test('a file .env in the working folder is read, and the environment wins over it', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, '.env'), 'SIMULATOR_ACCOUNTS=1\nGRAPHIQL=false\n');
  const { greeting } = await startCommand({ cwd, env: { GRAPHIQL: 'true' } });
  expect(greeting).not.toContain('SIM0002-token');
  expect(greeting).toContain('GraphiQL');
});

test('a byte-order mark before a .env costs no variable', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, '.env'), '\ufeffGRAPHIQL=false\nSIMULATOR_ACCOUNTS=1\n');
  const { greeting } = await startCommand({ cwd });
  expect(greeting).not.toContain('GraphiQL');
  expect(greeting).not.toContain('SIM0002-token');
});

test('--help, --version and --print-schema answer and end', async () => {
  const [help, short, version, schema] = await Promise.all(
    ['--help', '-h', '--version', '--print-schema'].map((word) => run({ words: [word] }).ended),
  );
  for (const end of [help, short, version, schema])
    expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(help?.stdout).toContain('Usage');
  expect(short?.stdout).toBe(help?.stdout);
  expect(version?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(schema?.stdout).toContain('type Query {');
});

test.each(['json', 'pretty'])(
  'the log goes to stderr, and holds no secret (%s)',
  async (format) => {
    const env = { LOG_LEVEL: 'trace', LOG_FORMAT: format };
    const { url, simulatorUrl, process, ended } = await startCommand({ env });
    const headers = {
      'content-type': 'application/json',
      authorization: two,
      cookie: 'kite=cookie-canary',
    };
    const ask = (query: string, address = url, operationName?: string) =>
      fetch(address, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query, operationName }),
      }).then((r) => r.text());
    const login = await fetch(`${simulatorUrl}/connect/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ api_key: 'simulator', user_id: 'SIM0003', decision: 'approve' }),
    });
    const requestToken = new URL(login.headers.get('location') ?? '').searchParams.get(
      'request_token',
    );
    const exchange = (token: string | null) =>
      ask(
        `mutation E { exchangeToken(input: { requestToken: "${token}" }) { __typename ... on Session { accessToken } } }`,
      );
    const accessToken = /"accessToken":"(\w+)"/.exec(await exchange(requestToken))?.[1] ?? 'none';
    await exchange('request-token-canary');
    await fetch(`${simulatorUrl}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"kind": "bad-gateway-html", "userId": "SIM0002"}',
    });
    await ask(
      'query Named { accounts { user { userName } } }',
      `${url}?secret=query-canary`,
      'Named',
    );
    await ask('{ syntax-canary "');
    await ask('mutation { logout { loggedOut } }');
    process.kill('SIGTERM');
    const { stderr, stdout, code } = await ended;
    expect(code).toBe(0);
    expect(stderr).toContain('Named');
    expect(stderr).toContain('UPSTREAM_UNAVAILABLE');
    expect(stdout).not.toContain('Operation');
    const secrets = [
      `${requestToken}`,
      accessToken,
      'SIM0001-token',
      'SIM0002-token',
      'simulator-secret',
      'canary',
      '?',
      'query=',
    ];
    for (const secret of secrets) expect(stderr).not.toContain(secret);
  },
);

function id(number: number): string {
  return `SIM${String(number).padStart(4, '0')}`;
}

async function counts(simulatorUrl: string): Promise<unknown> {
  const response = await fetch(`${simulatorUrl}/simulator/requests`);
  return ((await response.json()) as { counts: unknown }).counts;
}

function graphiql(url: string): Promise<Response> {
  return fetch(url, { headers: { accept: 'text/html' } });
}

async function status(url: string): Promise<number | undefined> {
  const { statusCode } = await getting(`${url}?query={__typename}`);
  return statusCode;
}

function getting(url: string, agent?: Agent): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { authorization: two, accept: 'application/json' };
  get(url, { headers, ...(agent && { agent }) }, resolve).on('error', reject);
  return promise;
}

async function read(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

function open(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = new Socket();
  socket.once('error', reject).connect(port, '127.0.0.1', () => resolve(socket));
  return promise;
}
