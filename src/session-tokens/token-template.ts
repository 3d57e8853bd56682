// A template of session tokens: whom its tokens are for, how long they live, and which claims they have.
import { isRecord } from '../brokers/field.ts';
import { formatIndiaTime } from '../brokers/india-time.ts';
import { assuranceLevel, authenticatedAt } from '../keyring/authentication.ts';
import type { SessionRecord } from '../keyring/session-record.ts';

/** A template that was read. */
export interface TokenTemplate {
  /** Whom the tokens are for; null where the operator names no audience. */
  readonly audience: string | readonly string[] | null;
  readonly ttlSeconds: number;
  /** The claims beside those that every token has. A claim without a value is left out. */
  claimsOf(session: SessionRecord): Readonly<Record<string, unknown>>;
}

/** What a claim may be read from, by the path that names it. Never a token of a broker. */
const paths: ReadonlyMap<string, (session: SessionRecord) => unknown> = new Map(
  Object.entries<(session: SessionRecord) => unknown>({
    'account.id': ({ accountId }) => accountId,
    'account.label': ({ label }) => label,
    'user.userId': ({ userId }) => userId,
    'user.userName': ({ userName }) => userName,
    broker: ({ broker }) => broker,
    apiKey: ({ apiKey }) => apiKey,
    loginTime: ({ loginTime }) => loginTime && formatIndiaTime(loginTime),
    issuedAt: ({ issuedAt }) => formatIndiaTime(issuedAt),
    authenticatedAt({ authenticationMethods }) {
      const at = authenticatedAt(authenticationMethods);
      return at && formatIndiaTime(at);
    },
    authenticationMethods: ({ authenticationMethods }) =>
      authenticationMethods.map(({ method }) => method),
    assuranceLevel: ({ authenticationMethods }) => assuranceLevel(authenticationMethods),
  }),
);

/** The paths, for the documentation. */
export const claimPaths: readonly string[] = [...paths.keys()];

/** Claims that say who signed what about whom, and until when: the gateway alone writes them. */
const reserved = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid']);

const defaultTtlSeconds = 60;
/** No setting: a token that cannot be taken back must be short-lived. */
const maxTtlSeconds = 3_600;
/** Objects in objects, as some databases expect their claims. */
const maxClaimDepth = 4;

/** Gives the value of a claim; undefined where the session has none. */
type ReadClaim = (session: SessionRecord) => unknown;

/**
 * Reads a template.
 * @param faults gets what is wrong with it, as words that follow its name. They hold no value of the template.
 * @returns null where something is wrong.
 */
export function readTokenTemplate(given: unknown, faults: string[]): TokenTemplate | null {
  if (!isRecord(given)) {
    faults.push('must be an object with audience, ttlSeconds and claims');
    return null;
  }
  const before = faults.length;
  const { audience = null, ttlSeconds = defaultTtlSeconds, claims = {}, ...others } = given;
  if (Object.keys(others).length > 0) {
    faults.push('has another member than audience, ttlSeconds and claims');
  }
  if (!isAudience(audience)) {
    faults.push('must have an audience of one text or a list of texts, none of them empty');
  }
  if (!isTtl(ttlSeconds)) {
    faults.push(`must have a ttlSeconds from 1 to ${maxTtlSeconds}, a whole number`);
  }
  const readClaims = isRecord(claims) ? readObject(claims, '', 1, faults) : null;
  if (readClaims === null) faults.push('must have claims that are an object');
  const areRead = isAudience(audience) && isTtl(ttlSeconds) && readClaims !== null;
  if (!areRead || faults.length > before) return null;
  return { audience, ttlSeconds, claimsOf: readClaims };
}

function isAudience(value: unknown): value is TokenTemplate['audience'] {
  if (value === null) return true;
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  const areTexts = audiences.every((one) => typeof one === 'string' && one !== '');
  return areTexts && audiences.length > 0;
}

function isTtl(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= maxTtlSeconds;
}

/** Reads the claims of an object: those of the token, or those in a claim. */
function readObject(
  given: Readonly<Record<string, unknown>>,
  before: string,
  depth: number,
  faults: string[],
): (session: SessionRecord) => Record<string, unknown> {
  const claims: [string, ReadClaim][] = [];
  for (const [name, value] of Object.entries(given)) {
    const place = `${before}${nameOf(name)}`;
    if (name === '__proto__' || name === '')
      faults.push(`claim ${place}: this name is not accepted`);
    else if (depth === 1 && reserved.has(name)) {
      faults.push(`claim ${place}: the gateway sets it, so a template cannot`);
    } else claims.push([name, readClaim(value, place, depth, faults)]);
  }
  return (session) =>
    Object.fromEntries(
      claims
        .map(([name, read]) => [name, read(session)] as const)
        .filter(([, value]) => value !== undefined),
    );
}

function readClaim(value: unknown, place: string, depth: number, faults: string[]): ReadClaim {
  if (!isRecord(value)) {
    if (typeof value === 'string' && paths.has(value)) {
      faults.push(
        `claim ${place}: write {"path": ...} for a value of the session, or {"value": ...} for this very text`,
      );
    }
    return () => value;
  }
  const names = Object.keys(value);
  if (names.length === 1 && names[0] === 'value') return () => value.value;
  if (names.length === 1 && names[0] === 'path') {
    const read = typeof value.path === 'string' ? paths.get(value.path) : undefined;
    if (read !== undefined) return (session) => read(session) ?? undefined;
    faults.push(`claim ${place}: the path must be one of ${claimPaths.join(', ')}`);
  } else if (depth >= maxClaimDepth) {
    faults.push(`claim ${place}: at most ${maxClaimDepth} objects may be inside each other`);
  } else return readObject(value, `${place}.`, depth + 1, faults);
  return () => undefined;
}

/** A name as a message may repeat it. */
function nameOf(name: string): string {
  return /^[\w.:/-]{1,64}$/.test(name) ? name : '(a name that is not repeated here)';
}
