// Every variable of the environment by itself: its form, its default, and what is said of one that has another form.
import { z } from 'zod';
import { relaySecretFault } from '../http/relay/relay-secrets.ts';
import {
  type LimitName,
  type Limits,
  limitDefinitions,
  limitNames,
  limitVariable,
} from '../limits.ts';
import { isReadableRedisUrl, isRedisUrl } from '../shared/redis-address.ts';
import {
  faultOf,
  headerFault,
  headerListFault,
  hostFault,
  inLowerCase,
  keys,
  listOf,
  oneOf,
  originFault,
  withoutSlash,
} from './texts.ts';

/** Variables by name; the environment of a process is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

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
/** An app's key, wherever it is written. */
export const apiKey = z
  .string('must be a string')
  .regex(
    /^[A-Za-z0-9._-]{1,128}$/,
    'must be 1 to 128 letters, digits, dots, dashes or underscores',
  );

/** The log's variables. */
export const logVariables = {
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
  LOG_FORMAT: z.enum(['pretty', 'json'], 'must be pretty or json').optional(),
};

/** The simulator's variables. */
export const simulatorVariables = {
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_PORT: simulatorPort.default(4010),
  SIMULATOR_ACCOUNTS: wholeNumber(1, 10_000).default(5),
  SIMULATOR_LATENCY_MS: wholeNumber(0, 3_600_000).default(0),
  SIMULATOR_RATE_LIMIT: wholeNumber(0, 1_000_000).default(10),
  SIMULATOR_REDIRECT_URL: httpUrl.optional(),
};

/** The gateway's own variables. */
export const gatewayVariables = {
  NODE_ENV: z.string().optional(),
  HOST: z.string().optional(),
  PORT: wholeNumber(1, 65_535).default(4000),
  PUBLIC_URL: baseUrl.optional(),
  KITE_API_KEY: apiKey.optional(),
  KITE_API_SECRET: z.string().optional(),
  APPS_FILE: z.string().optional(),
  KITE_APPS_FILE: z.string().optional(),
  KITE_BASE_URL: baseUrl.optional(),
  KITE_LOGIN_URL: httpUrl.optional(),
  KOTAK_BASE_URLS: listOf('URL', faultOf(baseUrl)).optional(),
  KITE_TIMEOUT_MS: milliseconds.default(7_000),
  OPERATION_TIMEOUT_MS: milliseconds.default(30_000),
  SHUTDOWN_GRACE_MS: wholeNumber(0, 3_600_000).default(30_000),
  WORKERS: wholeNumber(1, 64).default(1),
  SHUTDOWN_DELAY_MS: wholeNumber(0, 3_600_000).default(0),
  KITE_RATE_LIMIT: wholeNumber(0, 1_000_000).default(10),
  MAX_AGE_SECONDS: wholeNumber(0, 86_400).default(60),
  KEYRING_STORE: z
    .string()
    .regex(/^(memory:|sqlite:.+|rediss?:\/\/.+)$/, 'must be memory:, sqlite:<file> or redis://...')
    .refine((value) => !isRedisUrl(value) || isReadableRedisUrl(value), {
      error:
        'must be redis://[user:password@]host[:port][/number], or several hosts with commas between them',
    })
    .default('memory:'),
  KEYRING_KEYS: z.string().transform(keys).optional(),
  REDIS_SENTINEL_MASTER: z.string().optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  REDIS_CA_FILE: z.string().optional(),
  COOKIE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must have 1 to 64 letters, digits, _ or -')
    .default('kite_graphql'),
  ALLOWED_ORIGINS: listOf('origin', originFault, withoutSlash).default([]),
  HEADER_CREDENTIALS: z.enum(['any', 'own', 'off'], 'must be any, own or off').optional(),
  ALLOWED_HOSTS: listOf('entry', hostFault).default([]),
  ALLOWED_HEADERS: listOf('name', headerListFault, inLowerCase).default([]),
  SESSION_TOKENS_FILE: z.string().optional(),
  RELAY_SECRETS: listOf('secret', relaySecretFault).default([]),
  WEBHOOK_URL: httpUrl.optional(),
  WEBHOOK_SECRET: oneOf(relaySecretFault).optional(),
  TRUSTED_DOCUMENTS: z.string().optional(),
  TRUSTED_DOCUMENT_TEXTS: flag.default(false),
  AUDIT_LOG: z.string().optional(),
  METRICS_PORT: wholeNumber(1, 65_535).optional(),
  METRICS_HOST: z.string().optional(),
  GEOIP_DATABASE: z.string().optional(),
  COUNTRY_HEADER: oneOf(headerFault).transform(inLowerCase).optional(),
  TRUST_PROXY: flag.default(false),
  EXPOSE_TOKENS: flag.optional(),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),
  CONSOLE: flag.optional(),
  CONSOLE_NAME: z
    .string()
    .regex(
      /^[^\p{C}\p{Z}](?:[^\p{C}]{0,58}[^\p{C}\p{Z}])?$/u,
      'must have 1 to 60 characters on one line',
    )
    .optional(),
  CONSOLE_LOGO_FILE: z.string().optional(),
};

/** The values of the gateway's own variables. */
export type GatewayValues = z.infer<z.ZodObject<typeof gatewayVariables>>;

/** Those of them that have the right form. */
export type ReadableGatewayValues = Values<typeof gatewayVariables>;

/** Bounds that an environment sets, and a line for each variable LIMIT_... that is not one or has another form. */
export function readLimits(environment: Environment): {
  readonly limits: Partial<Limits>;
  readonly faults: readonly string[];
} {
  const names = new Map(limitNames.map((name) => [limitVariable(name), name]));
  const limits: Partial<Record<LimitName, number>> = {};
  const faults: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('LIMIT_') || text === undefined || text === '') continue;
    const name = names.get(variable);
    if (name === undefined) {
      faults.push(`${variable}: there is no such limit. docs/limits.md lists them.`);
      continue;
    }
    const { min = 1, max = 1_000_000_000 } = limitDefinitions[name];
    const { data, error } = wholeNumber(min, max).safeParse(text);
    if (error) faults.push(`${variable}: ${error.issues[0]?.message ?? 'cannot be read'}`);
    else if (data !== undefined) limits[name] = data;
  }
  return { limits, faults };
}

/** The name of every variable that is read, for the documentation. */
export const settingNames: readonly string[] = [
  ...Object.keys(gatewayVariables),
  ...Object.keys(simulatorVariables),
  ...Object.keys(logVariables),
];

/** Variables by name, each with the form that it must have. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** The values of variables; one that has the wrong form has none. */
export type Values<S extends Shape> = { [Name in keyof S]?: z.infer<S[Name]> };

/**
 * The values of variables, and a line for each that has the wrong form: one fault hides no other.
 * `values` is whole where there is no fault, and without the variables at fault otherwise.
 */
export function parse<S extends Shape>(
  shape: S,
  environment: Environment,
):
  | { readonly values: z.infer<z.ZodObject<S>>; readonly isWhole: true; readonly faults: string[] }
  | { readonly values: Values<S>; readonly isWhole: false; readonly faults: string[] } {
  // A variable that is set to nothing is not set: shells and container files make no difference.
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const result = z.object(shape).safeParse(Object.fromEntries(given));
  if (result.success) return { values: result.data, isWhole: true, faults: [] };
  const { issues } = result.error;
  const faulty = new Set(issues.map(({ path }) => path[0]));
  const names = Object.keys(shape).filter((name) => !faulty.has(name));
  const pairs = names.map((name) => [name, shape[name]?.parse(environment[name] || undefined)]);
  return {
    values: Object.fromEntries(pairs),
    isWhole: false,
    faults: issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  };
}

/** Whether a variable has a value; one that is set to nothing has none. */
export function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}
