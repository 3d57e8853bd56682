// Checks across settings, and the notes at start about settings that may surprise an operator.

import { keepsCookiesSafe, siteRelation } from '../http/request/same-site.ts';
import type { AppOptions } from '../options.ts';
import {
  type Environment,
  type GatewayValues,
  isSet,
  type ReadableGatewayValues,
} from './variables.ts';

/**
 * What is wrong with where browsers reach the gateway, and with what keeps their sessions.
 * @param values those that have the right form: what needs another is not judged.
 * @param environment as it was given, which tells a variable that is not set from one at fault.
 */
export function keyringFaults(values: ReadableGatewayValues, environment: Environment): string[] {
  const { PORT, PUBLIC_URL, ALLOWED_ORIGINS = [], KEYRING_STORE } = values;
  const faults: string[] = [];
  const isKnown = PUBLIC_URL !== undefined || !isSet(environment, 'PUBLIC_URL');
  // Which port it is makes no difference to what is judged here.
  const publicUrl = isKnown ? publicUrlOf({ PORT: PORT ?? 0, PUBLIC_URL }) : null;
  if (publicUrl !== null && !keepsCookiesSafe(new URL(publicUrl))) {
    faults.push(
      `PUBLIC_URL: ${publicUrl} is plain HTTP, which exposes the session cookie. Use https:// (plain HTTP is allowed only on localhost).`,
    );
  }
  for (const origin of ALLOWED_ORIGINS) {
    if (publicUrl !== null && siteRelation(origin, publicUrl) === 'cross-site') {
      faults.push(
        `ALLOWED_ORIGINS: ${origin} is not on the same site as PUBLIC_URL, ${publicUrl}: browsers do not send the cookie from there.`,
      );
    }
  }
  const isPersistent = KEYRING_STORE !== undefined && KEYRING_STORE !== 'memory:';
  if (isPersistent && !isSet(environment, 'KEYRING_KEYS')) {
    faults.push(
      'KEYRING_KEYS: required with KEYRING_STORE, to encrypt tokens. Make one with: openssl rand -base64 32',
    );
  }
  const webhook = ['WEBHOOK_URL', 'WEBHOOK_SECRET'];
  const [given, ...others] = webhook.filter((name) => isSet(environment, name));
  if (given !== undefined && others.length === 0) {
    const missing = webhook.find((name) => name !== given);
    faults.push(`${given}: set without ${missing}. Set both, or neither.`);
  }
  return faults;
}

/** What does not go together with several processes. @param hasUpstream whether there is a broker to call. */
export function workerFaults(values: ReadableGatewayValues, hasUpstream: boolean): string[] {
  const { WORKERS = 1, KEYRING_STORE, METRICS_PORT } = values;
  if (WORKERS === 1) return [];
  const faults: string[] = [];
  if (KEYRING_STORE === 'memory:') {
    faults.push(
      'WORKERS: with KEYRING_STORE=memory: each process would have other sessions. Set KEYRING_STORE to sqlite:<file> or redis://..., or remove WORKERS.',
    );
  }
  if (!hasUpstream) {
    faults.push(
      'WORKERS: the simulator that starts with the gateway serves one process. Set KITE_API_KEY, APPS_FILE or KITE_BASE_URL, or remove WORKERS.',
    );
  }
  if (METRICS_PORT !== undefined) {
    faults.push(
      'METRICS_PORT: each answer would have the numbers of one of the WORKERS alone. Remove one of them, or run replicas with WORKERS=1 behind a proxy.',
    );
  }
  return faults;
}

/** The gateway's address as browsers reach it. */
export function publicUrlOf({
  PUBLIC_URL,
  PORT,
}: {
  PUBLIC_URL?: string | undefined;
  PORT: number;
}): string {
  return PUBLIC_URL ?? `http://localhost:${PORT}`;
}

/** What works differently from what an operator may expect, a line each. */
export function notices(apps: readonly AppOptions[], values: GatewayValues): readonly string[] {
  const withoutSecret = apps
    .filter(({ broker, apiSecret }) => broker !== 'KOTAK' && apiSecret === undefined)
    .map((app) => app.apiKey);
  const lines = withoutSecret.map(
    (key) =>
      `App ${key} has no secret: exchangeToken and renewSession need the caller's checksum for it, and browsers cannot log in through it.`,
  );
  // The gateway speaks plain HTTP: an https address means that a proxy stands before it.
  if (values.PUBLIC_URL?.startsWith('https:') && !values.TRUST_PROXY) {
    lines.push(
      'PUBLIC_URL is https, so the gateway is behind a proxy, but TRUST_PROXY is not set: all users count as one address. Set TRUST_PROXY=true if the proxy sets X-Forwarded-For.',
    );
  }
  if (values.COUNTRY_HEADER !== undefined && !values.TRUST_PROXY) {
    lines.push(
      'COUNTRY_HEADER is set without TRUST_PROXY=true: the header is not read, as any client could send it.',
    );
  }
  if (values.KITE_BASE_URL !== undefined && values.KITE_LOGIN_URL === undefined) {
    lines.push(
      'KITE_BASE_URL is set without KITE_LOGIN_URL: logins go to https://kite.zerodha.com, calls to KITE_BASE_URL.',
    );
  }
  for (const origin of values.ALLOWED_ORIGINS) {
    if (siteRelation(origin, publicUrlOf(values)) === 'cross-site-on-loopback') {
      lines.push(
        `${origin} and ${publicUrlOf(values)} are different sites for most browsers, which then send no cookie: use hosts with a common parent, such as app.kite.localhost and api.kite.localhost.`,
      );
    }
  }
  return lines;
}

/**
 * What the settings leave open to the internet, and what a production process lacks for browsers, a line each.
 * @param isOpen whether what has no setting of its own is on: GraphiQL, introspection and the console.
 */
export function exposureNotices(
  apps: readonly AppOptions[],
  values: GatewayValues,
  isOpen: boolean,
): readonly string[] {
  const { PUBLIC_URL, KEYRING_STORE } = values;
  if (values.NODE_ENV !== 'production') {
    const names = { GRAPHIQL: 'GraphiQL', INTROSPECTION: 'introspection', CONSOLE: 'the console' };
    const open = Object.entries(names).filter(
      ([name]) => isOpen && values[name as keyof typeof names] === undefined,
    );
    if (!PUBLIC_URL?.startsWith('https:') || open.length === 0) return [];
    const [settings, things] = [0, 1].map((part) => listed(open.map((entry) => entry[part] ?? '')));
    return [
      `PUBLIC_URL is https, but NODE_ENV is not production: ${things} ${open.length === 1 ? 'is' : 'are'} open to everyone who can reach ${PUBLIC_URL}. Set NODE_ENV=production, or set ${settings}.`,
    ];
  }
  // Without an app no browser logs in.
  if (apps.length === 0) return [];
  const lines: string[] = [];
  if (PUBLIC_URL === undefined) {
    lines.push(
      `NODE_ENV is production, but PUBLIC_URL is not set: logins return to ${publicUrlOf(values)}/callback, so only browsers on this machine can log in. Set PUBLIC_URL to the https address of the gateway.`,
    );
  }
  if (KEYRING_STORE === 'memory:') {
    lines.push(
      'NODE_ENV is production, but KEYRING_STORE is memory: each restart logs all browsers out, and replicas cannot share sessions. Set KEYRING_STORE to sqlite:<file> or redis://..., with KEYRING_KEYS.',
    );
  }
  return lines;
}

/** `a, b and c`. */
function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
