// The settings: every default, every fault by its name and all at once, and never a secret in a line.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig, readSimulatorConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { settingNames } from '../../src/config/variables.ts';
import { help } from '../../src/usage.ts';
import { emptyFolder } from '../support/processes/command.ts';

const app = { KITE_API_KEY: 'mykey', KITE_API_SECRET: 'mysecret' };

const keyOf = (byte: number) => createHash('sha256').update(`${byte}`).digest('base64');

function faultsOf(
  environment: Record<string, string>,
  read: typeof readConfig | typeof readSimulatorConfig = readConfig,
): readonly string[] {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

test('without any variable: loopback, port 4000, the simulator, everything for newcomers', () => {
  expect(readConfig({})).toMatchObject({
    production: false,
    host: undefined,
    port: 4000,
    publicUrl: 'http://localhost:4000',
    apps: [],
    kiteBaseUrl: undefined,
    kiteTimeoutMilliseconds: 7000,
    operationTimeoutMilliseconds: 30_000,
    exposeTokens: undefined,
    graphiql: true,
    introspection: true,
    console: true,
    consoleName: undefined,
    consoleLogoFile: undefined,
    allowedOrigins: [],
    cookieName: 'kite_graphql',
    allowedHeaders: [],
    keyring: { store: 'memory:', keys: undefined },
    kiteRateLimit: 10,
    maxAgeSeconds: 60,
    trustProxy: false,
    log: { level: 'info' },
    simulator: {
      host: '127.0.0.1',
      port: 4010,
      accounts: 5,
      latencyMilliseconds: 0,
      rateLimit: 10,
      redirectUrl: undefined,
    },
    notices: [],
  });
});

test('every variable reaches the setting that it names', () => {
  const config = readConfig({
    ...app,
    HOST: '0.0.0.0',
    PORT: '8080',
    PUBLIC_URL: 'https://gateway.example/kite',
    KITE_BASE_URL: 'https://sandbox.kite.example/oms',
    KITE_LOGIN_URL: 'https://login.example/connect?x=1',
    KITE_TIMEOUT_MS: '1000',
    OPERATION_TIMEOUT_MS: '2000',
    KITE_RATE_LIMIT: '0',
    MAX_AGE_SECONDS: '86400',
    KEYRING_STORE: 'sqlite:/var/lib/keyring.sqlite',
    KEYRING_KEYS: `${keyOf(1)}, ${keyOf(2)}`,
    COOKIE_NAME: 'desk',
    ALLOWED_ORIGINS: 'https://app.gateway.example, https://other.gateway.example/',
    ALLOWED_HEADERS: 'X-Trace, x-shop',
    RELAY_SECRETS: `${keyOf(3)}, ${keyOf(4)}`,
    WEBHOOK_URL: 'https://operator.example/hook?of=kite',
    WEBHOOK_SECRET: keyOf(5),
    AUDIT_LOG: '/var/log/kite-graphql/audit.jsonl',
    METRICS_PORT: '9464',
    METRICS_HOST: '10.0.0.1',
    GEOIP_DATABASE: '/var/lib/countries.mmdb',
    COUNTRY_HEADER: 'CF-IPCountry',
    TRUST_PROXY: 'true',
    EXPOSE_TOKENS: 'true',
    GRAPHIQL: 'false',
    CONSOLE: 'false',
    CONSOLE_NAME: 'Deshpande & Sons',
    CONSOLE_LOGO_FILE: '/etc/logo.png',
    INTROSPECTION: 'false',
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'pretty',
  });
  expect(config).toMatchObject({
    host: '0.0.0.0',
    port: 8080,
    publicUrl: 'https://gateway.example/kite',
    apps: [{ apiKey: 'mykey', apiSecret: 'mysecret' }],
    kiteBaseUrl: 'https://sandbox.kite.example/oms',
    kiteLoginUrl: 'https://login.example/connect?x=1',
    kiteTimeoutMilliseconds: 1000,
    operationTimeoutMilliseconds: 2000,
    kiteRateLimit: 0,
    maxAgeSeconds: 86_400,
    keyring: {
      store: 'sqlite:/var/lib/keyring.sqlite',
      keys: [
        new Uint8Array(Buffer.from(keyOf(1), 'base64')),
        new Uint8Array(Buffer.from(keyOf(2), 'base64')),
      ],
    },
    allowedOrigins: ['https://app.gateway.example', 'https://other.gateway.example'],
    cookieName: 'desk',
    allowedHeaders: ['x-trace', 'x-shop'],
    relaySecrets: [keyOf(3), keyOf(4)],
    webhook: { url: 'https://operator.example/hook?of=kite', secret: keyOf(5) },
    auditLog: '/var/log/kite-graphql/audit.jsonl',
    metrics: { host: '10.0.0.1', port: 9464 },
    geoipDatabase: '/var/lib/countries.mmdb',
    countryHeader: 'cf-ipcountry',
    trustProxy: true,
    exposeTokens: true,
    graphiql: false,
    console: false,
    consoleName: 'Deshpande & Sons',
    consoleLogoFile: '/etc/logo.png',
    introspection: false,
    log: { level: 'warn', format: 'pretty' },
    simulator: null,
    notices: [],
  });
});

test('the simulator alone reads its own variables, and no others', () => {
  const config = readSimulatorConfig({
    PORT: 'nonsense',
    SIMULATOR_HOST: '::1',
    SIMULATOR_PORT: '0',
    SIMULATOR_ACCOUNTS: '10000',
    SIMULATOR_LATENCY_MS: '50',
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_REDIRECT_URL: 'http://localhost:5173/callback',
  });
  expect(config).toEqual({
    host: '::1',
    port: 0,
    accounts: 10_000,
    latencyMilliseconds: 50,
    rateLimit: 0,
    redirectUrl: 'http://localhost:5173/callback',
  });
});

test('what is set to nothing is not set', () => {
  const empty = Object.fromEntries(settingNames.map((name) => [name, '']));
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test('an upstream of one kind or another means no simulator', () => {
  expect(readConfig(app).simulator).toBeNull();
  expect(readConfig({ KITE_BASE_URL: 'http://127.0.0.1:9' }).simulator).toBeNull();
});

test('in production GraphiQL and introspection are off, unless switched on', () => {
  const production = { ...app, NODE_ENV: 'production' };
  expect(readConfig(production)).toMatchObject({ graphiql: false, introspection: false });
  expect(readConfig({ ...production, GRAPHIQL: 'true', INTROSPECTION: 'true' })).toMatchObject({
    graphiql: true,
    introspection: true,
  });
});

test('production without an app is refused, also with the simulator in mind', () => {
  expect(faultsOf({ NODE_ENV: 'production' })).toEqual([expect.stringMatching(/^KITE_API_KEY: /)]);
});

describe('one bad value is one line that names its variable', () => {
  const numbers = [' ', 'x', '-1', '1.5', '0x10', '1e3', '1e99', '٣'];
  test.each([
    ...numbers.map((value) => ['PORT', value]),
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PUBLIC_URL', 'localhost:4000'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
    ['PUBLIC_URL', 'https://gateway.example/?x=1'],
    ['KITE_BASE_URL', 'ftp://kite.example'],
    ['KITE_BASE_URL', 'https://'],
    ['KITE_BASE_URL', 'https://user:hunter2@kite.example'],
    ['KITE_BASE_URL', 'https://:hunter2@kite.example'],
    ['KITE_BASE_URL', 'https://kite.example/?token=hunter2'],
    ['KITE_LOGIN_URL', 'not a url'],
    ['KITE_API_KEY', 'has space'],
    ['KITE_API_KEY', 'k'.repeat(129)],
    ['KITE_TIMEOUT_MS', '0'],
    ['OPERATION_TIMEOUT_MS', '3600001'],
    ['KITE_RATE_LIMIT', '-1'],
    ['KITE_RATE_LIMIT', ' '],
    ['KITE_RATE_LIMIT', '1000001'],
    ['MAX_AGE_SECONDS', '-1'],
    ['MAX_AGE_SECONDS', '86401'],
    ['KEYRING_STORE', 'memory'],
    ['KEYRING_STORE', 'memory:hunter2'],
    ['KEYRING_STORE', 'sqlite:'],
    ['KEYRING_STORE', 'redis:'],
    ['KEYRING_STORE', 'postgres://me:hunter2@db.example/kite'],
    ['KEYRING_STORE', 'Redis://me:hunter2@redis.example'],
    ['KEYRING_STORE', 'redis://me:hunter2@one,,two'],
    ['KEYRING_STORE', 'redis://me:hunter2@one,rediss://two'],
    ['REDIS_SENTINEL_MASTER', 'hunter2'],
    ['REDIS_SENTINEL_PASSWORD', 'hunter2'],
    ['REDIS_CA_FILE', '/there/is/no/such/file'],
    ['KEYRING_KEYS', 'hunter2!'],
    ['KEYRING_KEYS', 'hunter2'],
    ['KEYRING_KEYS', `${Buffer.alloc(31, 'hunter2').toString('base64')}`],
    ['KEYRING_KEYS', `${Buffer.alloc(33, 'hunter2').toString('base64')}`],
    ['KEYRING_KEYS', `${keyOf(1)},`],
    ['KEYRING_KEYS', `${keyOf(1)},hunter2`],
    ['RELAY_SECRETS', 'hunter2'],
    ['RELAY_SECRETS', 'hunter2'.repeat(8).slice(0, 40)],
    ['WEBHOOK_URL', 'https://me:hunter2@operator.example'],
    ['WEBHOOK_URL', 'operator.example/hunter2'],
    ['WEBHOOK_SECRET', 'hunter2'],
    ['TRUST_PROXY', '1'],
    ['PUBLIC_URL', 'http://gateway.example'],
    ['PUBLIC_URL', 'http://192.168.1.2:4000'],
    ['PUBLIC_URL', 'http://localhost.gateway.example'],
    ['PUBLIC_URL', 'https://me:hunter2@gateway.example'],
    ['COOKIE_NAME', 'a b'],
    ['ALLOWED_HEADERS', '*'],
    ['COUNTRY_HEADER', 'cf-ipcountry, x-country'],
    ['ALLOWED_HEADERS', 'x-trace,,x-shop'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'http://*.localhost'],
    ['ALLOWED_ORIGINS', 'http://localhost:3000/path'],
    ['ALLOWED_ORIGINS', 'localhost:3000'],
    ['ALLOWED_ORIGINS', 'null'],
    ['ALLOWED_ORIGINS', 'http://localhost:3000,,http://localhost:3001'],
    ['ALLOWED_ORIGINS', 'http://me:hunter2@localhost:3000'],
    ['ALLOWED_ORIGINS', 'https://elsewhere.example'],
    ['EXPOSE_TOKENS', 'yes'],
    ['GRAPHIQL', '1'],
    ['INTROSPECTION', 'TRUE'],
    ['CONSOLE', 'yes'],
    ['CONSOLE_NAME', ' '],
    ['CONSOLE_NAME', 'two\nlines'],
    ['CONSOLE_NAME', 'x'.repeat(61)],
    ['LOG_LEVEL', 'loud'],
    ['LOG_FORMAT', 'xml'],
    ['SIMULATOR_PORT', '65536'],
    ['SIMULATOR_ACCOUNTS', '0'],
    ['SIMULATOR_ACCOUNTS', '10001'],
    ['SIMULATOR_LATENCY_MS', '-5'],
    ['SIMULATOR_RATE_LIMIT', ' '],
    ['SIMULATOR_REDIRECT_URL', '/callback'],
  ])('%s=%s', (name, value) => {
    const faults = faultsOf({ ...(name !== 'KITE_API_KEY' && app), [name]: value });
    expect(new Set(faults.map((fault) => fault.split(':')[0]))).toEqual(new Set([name]));
    expect(faults.join()).not.toContain('\n');
    for (const secret of ['hunter2', Buffer.from('hunter2').toString('base64').slice(0, 8)]) {
      expect(faults.join()).not.toContain(secret);
    }
  });
});

test('Redis has several addresses, a Sentinel and certificates of its own', () => {
  const file = join(emptyFolder(), 'ca.pem');
  const redis = { ...app, KEYRING_KEYS: keyOf(1), KEYRING_STORE: 'rediss://:secret@one:1,two:2' };
  writeFileSync(file, 'no certificate');
  expect(faultsOf({ ...redis, REDIS_CA_FILE: file })).toEqual([
    `REDIS_CA_FILE: ${file} holds no certificate in PEM.`,
  ]);
  const pem = '-----BEGIN CERTIFICATE-----\n';
  writeFileSync(file, pem);
  const read = readConfig({
    ...redis,
    REDIS_CA_FILE: file,
    REDIS_SENTINEL_MASTER: 'mymaster',
    REDIS_SENTINEL_PASSWORD: 'other',
  });
  expect(read.keyring.redis).toEqual({
    ca: pem,
    sentinelMaster: 'mymaster',
    sentinelPassword: 'other',
  });
  expect(faultsOf({ ...redis, KEYRING_STORE: 'redis://one,two/1' })).toEqual([
    'KEYRING_STORE: a Redis Cluster has no numbered databases. Remove the number.',
  ]);
});

test.each(['', 'production', 'test'])(
  'a store that outlives the process needs keys, in every mode: NODE_ENV=%s',
  (NODE_ENV) => {
    for (const KEYRING_STORE of ['sqlite:keyring.sqlite', 'redis://:hunter2@redis.example']) {
      expect(faultsOf({ ...app, NODE_ENV, KEYRING_STORE })).toEqual([
        expect.stringMatching(/^KEYRING_KEYS: required.*openssl rand -base64 32$/),
      ]);
      const keyring = { KEYRING_STORE, KEYRING_KEYS: keyOf(1) };
      expect(readConfig({ ...app, NODE_ENV, ...keyring }).keyring.store).toBe(KEYRING_STORE);
    }
    expect(readConfig({ ...app, NODE_ENV }).keyring.keys).toBeUndefined();
  },
);

test('the command that makes a key makes one that is taken', () => {
  const key = execFileSync('openssl', ['rand', '-base64', '32'], { encoding: 'utf8' });
  expect(readConfig({ KEYRING_KEYS: key }).keyring.keys).toHaveLength(1);
});

test('an origin of another site is refused, and the pair is named', () => {
  const origins = {
    PUBLIC_URL: 'https://api.one.example',
    ALLOWED_ORIGINS: 'https://app.two.example',
  };
  expect(faultsOf({ ...app, ...origins })).toEqual([
    expect.stringMatching(
      /^ALLOWED_ORIGINS: https:\/\/app\.two\.example .*https:\/\/api\.one\.example/,
    ),
  ]);
});

test('two hosts below localhost are accepted, and a line says what browsers make of them', () => {
  const { allowedOrigins, notices } = readConfig({
    PUBLIC_URL: 'http://api.localhost:4000',
    ALLOWED_ORIGINS: 'http://app.localhost:3000',
  });
  expect(allowedOrigins).toEqual(['http://app.localhost:3000']);
  expect(notices).toEqual([
    expect.stringMatching(
      /http:\/\/app\.localhost:3000 and http:\/\/api\.localhost:4000 are different sites/,
    ),
  ]);
  const sameSite = {
    PUBLIC_URL: 'http://api.kite.localhost',
    ALLOWED_ORIGINS: 'http://app.kite.localhost',
  };
  expect(readConfig(sameSite).notices).toEqual([]);
});

test('several bad values are named all at once', () => {
  const faults = faultsOf({
    PORT: 'x',
    LOG_LEVEL: 'loud',
    SIMULATOR_ACCOUNTS: '0',
    KITE_API_SECRET: 'hunter2',
    KITE_APPS_FILE: '/nowhere/apps.json',
  });
  expect(faults.map((fault) => fault.split(':')[0]).toSorted()).toEqual([
    'KITE_API_SECRET',
    'KITE_APPS_FILE',
    'LOG_LEVEL',
    'PORT',
    'SIMULATOR_ACCOUNTS',
  ]);
  expect(faults.join()).not.toContain('hunter2');
});

test('a secret without its key is refused', () => {
  expect(faultsOf({ KITE_API_SECRET: 'hunter2' })).toEqual([
    expect.stringMatching(/^KITE_API_SECRET: .*KITE_API_KEY/),
  ]);
});

test('a key without its secret is allowed, and a line says what then does not work', () => {
  const { apps, notices } = readConfig({ KITE_API_KEY: 'mykey' });
  expect(apps).toEqual([{ apiKey: 'mykey' }]);
  expect(notices).toEqual([expect.stringMatching(/mykey has no secret.*exchangeToken/)]);
});

test('a login page beside the simulator is refused: a login at Kite would end there', () => {
  expect(faultsOf({ KITE_LOGIN_URL: 'https://kite.example/connect/login' })).toEqual([
    expect.stringMatching(/^KITE_LOGIN_URL: /),
  ]);
});

test.each([
  ['KEYRING_KEY', 'KEYRING_KEYS'],
  ['TRUST_PROXYS', 'TRUST_PROXY'],
  ['TRUSTPROXY', 'TRUST_PROXY'],
  ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
  ['allowed_origins', 'ALLOWED_ORIGINS'],
  ['KITE_API_SECERT', 'KITE_API_SECRET'],
  ['GRAPHIQ', 'GRAPHIQL'],
])('the name %s is worth a line that names %s, and does not quote the value', (name, meant) => {
  const { notices } = readConfig({ ...app, [name]: 'hunter2' });
  expect(notices).toEqual([`${name} is no setting. Did you mean ${meant}?`]);
  expect(readConfig({ ...app, [name]: '' }).notices).toEqual([]);
});

test('names that are near none are worth a line only in .env, where Node and proxies may have theirs', () => {
  const environment = {
    ...app,
    HOME: '/root',
    HOSTS: 'x',
    PORTS: 'x',
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy.example',
    NODE_OPTIONS: '--enable-source-maps',
    DATABASE_URL: 'hunter2',
  };
  expect(readConfig(environment).notices).toEqual([]);
  const { notices } = readConfig(environment, ['HTTPS_PROXY', 'NODE_OPTIONS', 'DATABASE_URL']);
  expect(notices).toEqual(['DATABASE_URL in .env is no setting of the gateway; see --help.']);
});

test('a NODE_ENV other than the three known ones is worth a line', () => {
  for (const mode of ['development', 'test']) {
    expect(readConfig({ ...app, NODE_ENV: mode }).notices).toEqual([]);
  }
  const { notices, production } = readConfig({ ...app, NODE_ENV: 'prod' });
  expect(production).toBe(false);
  expect(notices).toEqual([expect.stringMatching(/^NODE_ENV .*NODE_ENV=production/)]);
});

test('an https address outside production is worth a line that names what is open there', () => {
  const https = { ...app, PUBLIC_URL: 'https://kite.example', TRUST_PROXY: 'true' };
  expect(readConfig(https).notices).toEqual([
    'PUBLIC_URL is https, but NODE_ENV is not production: GraphiQL, introspection and the console are open to everyone who can reach https://kite.example. Set NODE_ENV=production, or set GRAPHIQL, INTROSPECTION and CONSOLE.',
  ]);
  // What the operator has decided needs no line.
  const decided = { ...https, GRAPHIQL: 'true', CONSOLE: 'false' };
  expect(readConfig(decided).notices).toEqual([
    expect.stringMatching(/: introspection is open to .*, or set INTROSPECTION\.$/),
  ]);
  expect(readConfig({ ...decided, INTROSPECTION: 'true' }).notices).toEqual([]);
  expect(readConfig({ ...app, PUBLIC_URL: 'http://localhost:4000' }).notices).toEqual([]);
});

test('production for browsers without a public address or a lasting store is worth a line each', () => {
  const production = { ...app, NODE_ENV: 'production' };
  const noAddress = expect.stringMatching(
    /PUBLIC_URL is not set.*http:\/\/localhost:4000\/callback.*only browsers on this machine/,
  );
  const noStore = expect.stringMatching(/KEYRING_STORE is memory.*restart logs all browsers out/);
  expect(readConfig(production).notices).toEqual([noAddress, noStore]);
  const stored = { KEYRING_STORE: 'sqlite:k.sqlite', KEYRING_KEYS: keyOf(1) };
  expect(readConfig({ ...production, ...stored }).notices).toEqual([noAddress]);
  const reached = { PUBLIC_URL: 'https://kite.example', TRUST_PROXY: 'true' };
  expect(readConfig({ ...production, ...reached }).notices).toEqual([noStore]);
  expect(readConfig({ ...production, ...stored, ...reached }).notices).toEqual([]);
  // Without an app no browser logs in.
  const callers = { KITE_BASE_URL: 'https://api.example', KITE_LOGIN_URL: 'https://k.example' };
  expect(readConfig({ ...callers, NODE_ENV: 'production' }).notices).toEqual([]);
});

test('a country header without a trusted proxy is not read, and the start says so', () => {
  const named = { ...app, COUNTRY_HEADER: 'cf-ipcountry' };
  expect(readConfig(named).notices).toEqual([expect.stringMatching(/COUNTRY_HEADER.*TRUST_PROXY/)]);
  expect(readConfig({ ...named, TRUST_PROXY: 'true' }).notices).toEqual([]);
});

test('calls to another address with logins at Kite are worth a line', () => {
  const { notices } = readConfig({ KITE_BASE_URL: 'https://sandbox.kite.example/oms' });
  expect(notices).toEqual([expect.stringMatching(/KITE_LOGIN_URL/)]);
});

test.each([
  [{ PORT: 'abc', KEYRING_STORE: 'sqlite:x' }, ['PORT', 'KEYRING_KEYS']],
  [{ PORT: 'abc', PUBLIC_URL: 'http://app.example' }, ['PORT', 'PUBLIC_URL']],
  [
    {
      LOG_LEVEL: 'loud',
      ALLOWED_ORIGINS: 'https://app.example',
      PUBLIC_URL: 'https://other.example',
    },
    ['LOG_LEVEL', 'ALLOWED_ORIGINS'],
  ],
  [{ PUBLIC_URL: 'nowhere', ALLOWED_ORIGINS: 'https://app.example' }, ['PUBLIC_URL']],
  [{ KEYRING_STORE: 'sqlite:x', KEYRING_KEYS: 'hunter2' }, ['KEYRING_KEYS']],
  [{ KEYRING_STORE: 'hunter2' }, ['KEYRING_STORE']],
])('a fault of one setting hides none of another, and makes none up: %j', (environment, names) => {
  const faults = faultsOf({ ...environment });
  expect(faults.map((line) => line.split(':')[0])).toEqual(names);
  expect(faults.join()).not.toContain('hunter2');
});

describe('KITE_APPS_FILE', () => {
  const fileWith = (content: string) => {
    const file = join(emptyFolder(), 'apps.json');
    writeFileSync(file, content);
    return file;
  };

  test('gives its apps, in order', () => {
    const apps = [
      { apiKey: 'one', apiSecret: 'secret-one', name: 'One', listed: true },
      { apiKey: 'two' },
    ];
    expect(readConfig({ KITE_APPS_FILE: fileWith(JSON.stringify(apps)) }).apps).toEqual(apps);
  });

  test.each([
    ['hunter2', /is not JSON/],
    ['[{"apiKey": "one", "apiSecret": "hunter2"', /is not JSON\. .* write an array of apps/],
    ['[{"apiKey": "one",\n "apiSecret": "hunter2";}]', /Correct line 2, column 24: write an array/],
    ['', /is not JSON\. Correct it: write an array of apps/],
    ['{"apiKey": "one", "apiSecret": "hunter2"}', /must be a JSON array of apps/],
    ['null', /must be a JSON array of apps/],
    ['[]', /no app stands in it\. Add one, or unset the variable\./],
    ['["hunter2"]', /app 1/],
    ['[{"apiSecret": "hunter2"}]', /app 1: apiKey: must be a string/],
    [
      '[{"apiKey": "one"}, {"apiKey": "no spaces", "apiSecret": "hunter2"}]',
      /app 2: apiKey: must be 1 to 128/,
    ],
    ['[{"apiKey": "one", "apiSecret": ""}]', /app 1: apiSecret: must not be empty/],
    ['[{"apiKey": "one", "apiSecret": 5}]', /app 1: apiSecret: must be a string/],
    ['[{"apiKey": "one", "listed": "hunter2"}]', /app 1: listed: must be true or false/],
    ['[{"apiKey": "one", "api_secret": "hunter2"}]', /app 1: .*"api_secret"/],
    [
      '[{"apiKey": "one", "apiSecret": "hunter2"}, {"apiKey": "one"}]',
      /the app one .*more than once/,
    ],
  ])('with %s is one line that says why', (content, why) => {
    const faults = faultsOf({ KITE_APPS_FILE: fileWith(content) });
    expect(faults).toEqual([expect.stringMatching(why)]);
    expect(faults[0]).toMatch(/^KITE_APPS_FILE: /);
    expect(faults[0]).not.toContain('hunter2');
    expect(faults[0]).not.toContain('\n');
  });

  test('that is missing or a folder cannot be read', () => {
    const folder = join(emptyFolder(), 'apps.json');
    mkdirSync(folder);
    const why = [
      [folder, 'it is a folder. Set the path of a file'],
      ['/nowhere/apps.json', 'there is no such file. Set the path of one, or remove the setting'],
    ];
    for (const [file = '', reason] of why) {
      expect(faultsOf({ KITE_APPS_FILE: file })).toEqual([
        `KITE_APPS_FILE: ${file} cannot be read: ${reason}.`,
      ]);
    }
  });

  test('in UTF-8 is read with or without a byte-order mark, and in UTF-16 refused', () => {
    const json = '[{"apiKey": "one"}]';
    const marked = fileWith(`\ufeff${json}`);
    expect(readConfig({ KITE_APPS_FILE: marked }).apps).toEqual([{ apiKey: 'one' }]);
    const wide = fileWith(json);
    writeFileSync(wide, Buffer.from(`\ufeff${json}`, 'utf16le'));
    expect(faultsOf({ KITE_APPS_FILE: wide })).toEqual([
      `KITE_APPS_FILE: ${wide} is in UTF-16 or is not text. Save it as UTF-8.`,
    ]);
  });

  test('beside KITE_API_KEY is refused', () => {
    const file = fileWith('[{"apiKey": "one"}]');
    expect(faultsOf({ ...app, KITE_APPS_FILE: file })).toEqual([
      expect.stringMatching(/^KITE_APPS_FILE: .*KITE_API_KEY/),
    ]);
  });
});

describe('apps of Kotak in APPS_FILE', () => {
  const fileWith = (apps: unknown) => {
    const file = join(emptyFolder(), 'apps.json');
    writeFileSync(file, JSON.stringify(apps));
    return file;
  };
  const kotak = {
    broker: 'KOTAK',
    apiKey: 'key',
    accessToken: 'hunter2',
    appId: 'x',
    ip: '1.2.3.4',
    helpUrl: 'https://example.com/help?a=1',
  };

  test('stand beside those of Kite', () => {
    const apps = [{ broker: 'KITE', apiKey: 'one' }, kotak];
    expect(readConfig({ APPS_FILE: fileWith(apps) }).apps).toEqual(apps);
  });

  test.each([
    [{ broker: 'KOTAK', apiKey: 'key' }, /app 1: needs an accessToken or an apiSecret/],
    [{ broker: 'KITE', apiKey: 'key', accessToken: 'hunter2' }, /app 1: .*"accessToken"/],
    [{ ...kotak, broker: 'OTHER' }, /app 1: broker/],
    [{ ...kotak, appId: 'a\nb' }, /app 1: appId: must be at most 200 printable/],
    [{ ...kotak, helpUrl: 'javascript:alert(1)' }, /app 1: helpUrl: must be an address/],
    [{ ...kotak, accessToken: '' }, /app 1: accessToken: must not be empty/],
  ])('%j is refused without its secrets', (app, why) => {
    const faults = faultsOf({ APPS_FILE: fileWith([app]) });
    expect(faults[0]).toMatch(/^APPS_FILE: /);
    expect(faults.join()).toMatch(why);
    expect(faults.join()).not.toContain('hunter2');
  });

  test('APPS_FILE beside its older name is refused', () => {
    const file = fileWith([kotak]);
    expect(faultsOf({ APPS_FILE: file, KITE_APPS_FILE: file })).toEqual([
      expect.stringMatching(/^KITE_APPS_FILE: the older name of APPS_FILE/),
    ]);
  });

  test('KOTAK_BASE_URLS are the hosts, in their order, and one that is no URL is not quoted', () => {
    const KOTAK_BASE_URLS = 'https://one.example/apim, https://two.example/apim';
    expect(readConfig({ APPS_FILE: fileWith([kotak]), KOTAK_BASE_URLS }).kotakBaseUrls).toEqual([
      'https://one.example/apim',
      'https://two.example/apim',
    ]);
    const faults = faultsOf({ KOTAK_BASE_URLS: 'https://one.example, hunter2' });
    expect(faults).toEqual([expect.stringMatching(/^KOTAK_BASE_URLS: URL 2 of 2 must be a URL/)]);
    expect(faults.join()).not.toContain('hunter2');
  });
});

test('--help names every variable', () => {
  for (const name of settingNames) expect(help).toContain(name);
});

test('a limit is set by LIMIT_<NAME>, and one that does not exist or has another form is named', () => {
  expect(readConfig({ LIMIT_DOCUMENT_DEPTH: '9' }).limits).toEqual({ documentDepth: 9 });
  const faults = () => readConfig({ LIMIT_DOCUMENT_DEPTH: 'many', LIMIT_SPEED: '1', PORT: 'abc' });
  expect(faults).toThrow(/LIMIT_DOCUMENT_DEPTH: must be a whole number/);
  expect(faults).toThrow(/LIMIT_SPEED: there is no such limit/);
  expect(faults).toThrow(/PORT: /);
});
