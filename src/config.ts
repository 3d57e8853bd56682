// The environment, read once and checked whole: every fault is named before the process gives up.
// The only reader of process.env.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AppOptions } from './http/options.ts';
import { parseKeyringKeys } from './keyring/keys.ts';
import { isOrigin, keepsCookiesSafe, siteRelation } from './site.ts';

/** The faults of an environment, one line each; no line quotes a value that may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One line for each fault, naming the variable. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** How the simulator runs. */
export interface SimulatorConfig {
  readonly host: string;
  readonly port: number;
  readonly accounts: number;
  readonly latencyMilliseconds: number;
  readonly rateLimit: number;
  /** Undefined: the caller's own callback. */
  readonly redirectUrl: string | undefined;
}

/** Where and how keyrings are kept. */
export interface KeyringConfig {
  /** `memory:`, `sqlite:<file>` or `redis://...`; may hold a password. */
  readonly store: string;
  /** Keys of 32 bytes: the first seals, all open; undefined: a random one for this process. */
  readonly keys: readonly Uint8Array[] | undefined;
}

/** How logs are written. */
export interface LogConfig {
  readonly level: string;
  readonly format: 'pretty' | 'json';
}

/** How the gateway runs. */
export interface Config {
  readonly production: boolean;
  /** Undefined: both loopback addresses. */
  readonly host: string | undefined;
  readonly port: number;
  readonly publicUrl: string;
  readonly apps: readonly AppOptions[];
  readonly kiteBaseUrl: string | undefined;
  readonly kiteLoginUrl: string | undefined;
  readonly kiteTimeoutMilliseconds: number;
  readonly operationTimeoutMilliseconds: number;
  /** Origins beside the gateway's own whose pages may use keyrings. */
  readonly allowedOrigins: readonly string[];
  readonly keyring: KeyringConfig;
  /** Calls in any 1,000 ms for each app; 0: no limit. */
  readonly kiteRateLimit: number;
  /** The greatest age, in seconds, that a client may accept. */
  readonly maxAgeSeconds: number;
  readonly trustProxy: boolean;
  /** Undefined: as the upstream suggests. */
  readonly exposeTokens: boolean | undefined;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly log: LogConfig;
  /** The simulator to start as the upstream; null when there is a real one. */
  readonly simulator: SimulatorConfig | null;
  /** What works differently from what an operator may expect, a line each. */
  readonly notices: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

// Digits alone: `Number` would also read " " as 0, which switches limits off.
const wholeNumber = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .refine((n) => n >= least && n <= most, error);
};
const simulatorPort = wholeNumber(0, 65_535);
const milliseconds = wholeNumber(1, 3_600_000);
const word = z.enum(['true', 'false'], 'must be true or false');
const flag = word.transform((value) => value === 'true');
const httpUrl = z
  .string()
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), {
    error: 'must be a URL that begins with http:// or https://',
  })
  .refine((value) => !URL.canParse(value) || !/@/.test(new URL(value).href.split('/')[2] ?? ''), {
    error: 'must not hold a user name or password',
  });
// Paths are added behind these, so nothing may follow their own.
const baseUrl = httpUrl.refine((value) => !/[?#]/.test(value), {
  error: 'must not hold a query or a fragment',
});
const apiKey = z
  .string('must be a string')
  .regex(
    /^[A-Za-z0-9._-]{1,128}$/,
    'must be 1 to 128 letters, digits, dots, dashes or underscores',
  );

const logVariables = {
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
  LOG_FORMAT: z.enum(['pretty', 'json'], 'must be pretty or json').optional(),
};

const simulatorVariables = {
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_PORT: simulatorPort.default(4010),
  SIMULATOR_ACCOUNTS: wholeNumber(1, 10_000).default(5),
  SIMULATOR_LATENCY_MS: wholeNumber(0, 3_600_000).default(0),
  SIMULATOR_RATE_LIMIT: wholeNumber(0, 1_000_000).default(10),
  SIMULATOR_REDIRECT_URL: httpUrl.optional(),
};

function keys(text: string, { addIssue }: z.RefinementCtx): readonly Uint8Array[] {
  try {
    return parseKeyringKeys(text);
  } catch (error) {
    addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'unreadable' });
    return [];
  }
}

function origins(text: string, { addIssue }: z.RefinementCtx): readonly string[] {
  const words = text.split(',').map((word) => word.trim().replace(/\/$/, ''));
  for (const [index, origin] of words.entries()) {
    if (isOrigin(origin)) continue;
    // Not quoted: an address may hold a password.
    const message = `origin ${index + 1} of ${words.length} is none: write https://app.example.com, without a path or a star, several separated by commas`;
    addIssue({ code: 'custom', message });
  }
  return words;
}

const gatewayVariables = {
  NODE_ENV: z.string().optional(),
  HOST: z.string().optional(),
  PORT: wholeNumber(1, 65_535).default(4000),
  PUBLIC_URL: baseUrl.optional(),
  KITE_API_KEY: apiKey.optional(),
  KITE_API_SECRET: z.string().optional(),
  KITE_APPS_FILE: z.string().optional(),
  KITE_BASE_URL: baseUrl.optional(),
  KITE_LOGIN_URL: httpUrl.optional(),
  KITE_TIMEOUT_MS: milliseconds.default(7_000),
  OPERATION_TIMEOUT_MS: milliseconds.default(30_000),
  KITE_RATE_LIMIT: wholeNumber(0, 1_000_000).default(10),
  MAX_AGE_SECONDS: wholeNumber(0, 86_400).default(60),
  KEYRING_STORE: z
    .string()
    .regex(/^(memory:|sqlite:.+|rediss?:\/\/.+)$/, 'must be memory:, sqlite:<file> or redis://...')
    .default('memory:'),
  KEYRING_KEYS: z.string().transform(keys).optional(),
  ALLOWED_ORIGINS: z.string().transform(origins).default([]),
  TRUST_PROXY: flag.default(false),
  EXPOSE_TOKENS: flag.optional(),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),
};

const appsFile = z.array(
  z.strictObject({
    apiKey,
    apiSecret: z.string('must be a string').min(1, 'must not be empty').optional(),
    name: z.string('must be a string').optional(),
    listed: z.boolean('must be true or false').optional(),
  }),
  'must be a JSON array of apps',
);

/** The name of every variable that is read, for whoever documents them. */
export const settingNames: readonly string[] = [
  ...Object.keys(gatewayVariables),
  ...Object.keys(simulatorVariables),
  ...Object.keys(logVariables),
];

/**
 * Reads the gateway's settings.
 * @throws ConfigError that names every fault at once.
 */
export function readConfig(environment: Environment = process.env): Config {
  const shape = z.object({ ...gatewayVariables, ...simulatorVariables, ...logVariables });
  const { values, faults } = parse(shape, environment);
  const apps = readApps(environment, faults);
  if (apps.length === 0 && !isSet(environment, 'KITE_BASE_URL')) {
    if (isSet(environment, 'KITE_LOGIN_URL')) {
      faults.push(
        'KITE_LOGIN_URL: set without KITE_API_KEY, KITE_APPS_FILE or KITE_BASE_URL, so the simulator would be asked about a login at Kite. Set one of them, or unset it.',
      );
    }
    if (environment.NODE_ENV === 'production') {
      faults.push(
        'KITE_API_KEY: with NODE_ENV=production the gateway does not fall back to the simulator. Set KITE_API_KEY and KITE_API_SECRET, KITE_APPS_FILE, or KITE_BASE_URL.',
      );
    }
  }
  if (values !== null) faults.push(...keyringFaults(values));
  if (values === null || faults.length > 0) throw new ConfigError(faults);

  const production = values.NODE_ENV === 'production';
  const simulated = apps.length === 0 && values.KITE_BASE_URL === undefined;
  return Object.freeze({
    production,
    host: values.HOST,
    port: values.PORT,
    publicUrl: publicUrlOf(values),
    apps,
    kiteBaseUrl: values.KITE_BASE_URL,
    kiteLoginUrl: values.KITE_LOGIN_URL,
    kiteTimeoutMilliseconds: values.KITE_TIMEOUT_MS,
    operationTimeoutMilliseconds: values.OPERATION_TIMEOUT_MS,
    allowedOrigins: values.ALLOWED_ORIGINS,
    keyring: { store: values.KEYRING_STORE, keys: values.KEYRING_KEYS },
    kiteRateLimit: values.KITE_RATE_LIMIT,
    maxAgeSeconds: values.MAX_AGE_SECONDS,
    trustProxy: values.TRUST_PROXY,
    exposeTokens: values.EXPOSE_TOKENS,
    graphiql: values.GRAPHIQL ?? !production,
    introspection: values.INTROSPECTION ?? !production,
    log: logConfig(values),
    simulator: simulated ? simulatorConfig(values) : null,
    notices: notices(apps, values),
  });
}

/**
 * Reads the settings of the simulator alone.
 * @throws ConfigError that names every fault at once.
 */
export function readSimulatorConfig(environment: Environment = process.env): SimulatorConfig {
  const { values, faults } = parse(z.object(simulatorVariables), environment);
  if (values === null) throw new ConfigError(faults);
  return Object.freeze(simulatorConfig(values));
}

function parse<Shape extends z.ZodType>(shape: Shape, environment: Environment) {
  // A variable that is set to nothing is not set: shells and container files make no difference.
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const result = shape.safeParse(Object.fromEntries(given));
  if (result.success) return { values: result.data, faults: [] as string[] };
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { values: null, faults };
}

function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

function readApps(environment: Environment, faults: string[]): readonly AppOptions[] {
  if (isSet(environment, 'KITE_API_SECRET') && !isSet(environment, 'KITE_API_KEY')) {
    faults.push('KITE_API_SECRET: set without KITE_API_KEY. Set both, or neither.');
  }
  if (isSet(environment, 'KITE_APPS_FILE')) {
    if (isSet(environment, 'KITE_API_KEY')) {
      faults.push(
        'KITE_APPS_FILE: set beside KITE_API_KEY. Put that app into the file, and unset the variable.',
      );
    }
    return readAppsFile(environment.KITE_APPS_FILE ?? '', faults);
  }
  const { KITE_API_KEY: key, KITE_API_SECRET: secret } = environment;
  return key ? [{ apiKey: key, ...(secret && { apiSecret: secret }) }] : [];
}

function readAppsFile(file: string, faults: string[]): readonly AppOptions[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // JSON.parse quotes what it could not read, and that may be a secret.
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    faults.push(`KITE_APPS_FILE: ${file} ${why}.`);
    return [];
  }
  const result = appsFile.safeParse(content);
  if (!result.success) {
    for (const { path, message } of result.error.issues) {
      const [index, ...field] = path;
      const where = index === undefined ? [] : [`app ${Number(index) + 1}`, ...field];
      faults.push(`KITE_APPS_FILE: ${[file, ...where, message].join(': ')}`);
    }
    return [];
  }
  const keys = result.data.map((app) => app.apiKey);
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  for (const key of twice) {
    faults.push(`KITE_APPS_FILE: ${file}: the app ${key} stands in it more than once.`);
  }
  if (keys.length === 0) faults.push(`KITE_APPS_FILE: ${file}: no app stands in it.`);
  return result.data.map(({ apiKey, apiSecret, name, listed }) => ({
    apiKey,
    ...(apiSecret !== undefined && { apiSecret }),
    ...(name !== undefined && { name }),
    ...(listed !== undefined && { listed }),
  }));
}

/** What is wrong with where browsers reach the gateway, and with what keeps their sessions. */
function keyringFaults(values: z.infer<z.ZodObject<typeof gatewayVariables>>): string[] {
  const faults: string[] = [];
  const publicUrl = publicUrlOf(values);
  if (!keepsCookiesSafe(new URL(publicUrl))) {
    faults.push(
      `PUBLIC_URL: ${publicUrl} is plain HTTP, over which a session cookie can be stolen. Use https:// (plain HTTP works on localhost alone).`,
    );
  }
  for (const origin of values.ALLOWED_ORIGINS) {
    if (siteRelation(origin, publicUrl) === 'cross-site') {
      faults.push(
        `ALLOWED_ORIGINS: ${origin} is another site than PUBLIC_URL, ${publicUrl}: browsers would not send the cookie from there.`,
      );
    }
  }
  if (values.KEYRING_STORE !== 'memory:' && values.KEYRING_KEYS === undefined) {
    faults.push(
      'KEYRING_KEYS: needed with KEYRING_STORE, which keeps tokens sealed. Make one with: openssl rand -base64 32',
    );
  }
  return faults;
}

function publicUrlOf({
  PUBLIC_URL,
  PORT,
}: {
  PUBLIC_URL?: string | undefined;
  PORT: number;
}): string {
  return PUBLIC_URL ?? `http://localhost:${PORT}`;
}

function simulatorConfig(values: z.infer<z.ZodObject<typeof simulatorVariables>>): SimulatorConfig {
  return {
    host: values.SIMULATOR_HOST,
    port: values.SIMULATOR_PORT,
    accounts: values.SIMULATOR_ACCOUNTS,
    latencyMilliseconds: values.SIMULATOR_LATENCY_MS,
    rateLimit: values.SIMULATOR_RATE_LIMIT,
    redirectUrl: values.SIMULATOR_REDIRECT_URL,
  };
}

function logConfig(values: z.infer<z.ZodObject<typeof logVariables>>): LogConfig {
  const onTerminal = process.stderr.isTTY ? 'pretty' : 'json';
  return { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? onTerminal };
}

function notices(
  apps: readonly AppOptions[],
  values: z.infer<z.ZodObject<typeof gatewayVariables>>,
): readonly string[] {
  const withoutSecret = apps.filter((app) => app.apiSecret === undefined).map((app) => app.apiKey);
  const lines = withoutSecret.map(
    (key) =>
      `App ${key} has no secret here: exchangeToken and renewSession need the caller's checksum for it, and browsers cannot log in through it.`,
  );
  if (values.KITE_BASE_URL !== undefined && values.KITE_LOGIN_URL === undefined) {
    lines.push(
      'KITE_BASE_URL is set without KITE_LOGIN_URL: logins go to https://kite.zerodha.com, calls to the address you set.',
    );
  }
  for (const origin of values.ALLOWED_ORIGINS) {
    if (siteRelation(origin, publicUrlOf(values)) === 'cross-site-on-loopback') {
      lines.push(
        `${origin} and ${publicUrlOf(values)} are two sites to most browsers, which then send no cookie: use hosts with a common parent, such as app.kite.localhost and api.kite.localhost.`,
      );
    }
  }
  return lines;
}
