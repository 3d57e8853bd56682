// Session tokens: JWTs that tell other services whose session a request belongs to, and the keys that verify them.
import { createHash, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { isRecord } from '../brokers/field.ts';
import type { SessionRecord } from '../keyring/session-record.ts';
import { digestOf, readSigningKey, type SigningKey, thumbprintOf } from './signing-key.ts';
import { readTokenTemplate, type TokenTemplate } from './token-template.ts';

/** What an operator's settings of session tokens are wrong about, one line each. No line holds key material. */
export class SessionTokensError extends TypeError {
  override readonly name = 'SessionTokensError';
  /** What is wrong. */
  readonly faults: readonly string[];

  /** @param faults what is wrong. */
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** The public keys, as they are answered. */
export interface KeySet {
  /** A JWK set, as JSON. */
  readonly body: string;
  /** A strong entity tag, in quotes. */
  readonly etag: string;
}

/** Where and when a token is made. */
export interface Issuing {
  /** The gateway's public URL, without a slash at its end. */
  readonly issuer: string;
  readonly now: Date;
  /** When the session is expected to expire: its tokens do not outlive it. */
  readonly expiresAt: Date;
}

interface Settings {
  readonly signer: SigningKey;
  readonly kids: readonly string[];
  readonly keySet: KeySet;
  readonly templates: ReadonlyMap<string, TokenTemplate>;
}

const signInThreadPool = promisify(sign);
const templateName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The keys and templates of session tokens.
 *
 * @example
 * const sessionTokens = new SessionTokens({
 *   keys: [privateJwk],
 *   templates: { default: { audience: 'orders', claims: { user: { path: 'user.userId' } } } },
 * });
 * createGateway({ sessionTokens });
 */
export class SessionTokens {
  #settings: Settings;

  /**
   * @param settings the content of SESSION_TOKENS_FILE: `keys`, of which the first signs and all are published, and
   *   `templates` by name.
   * @throws SessionTokensError that names every fault at once.
   */
  constructor(settings: unknown) {
    this.#settings = readSettings(settings);
  }

  /**
   * Uses other keys and templates from now on.
   * @throws SessionTokensError that names every fault at once; then the present ones stay.
   */
  replace(settings: unknown): void {
    this.#settings = readSettings(settings);
  }

  /** The public keys. */
  get keySet(): KeySet {
    return this.#settings.keySet;
  }

  /** The ids of the keys, the one that signs first. */
  get kids(): readonly string[] {
    return this.#settings.kids;
  }

  /** The templates by name. */
  get templates(): ReadonlyMap<string, TokenTemplate> {
    return this.#settings.templates;
  }

  /**
   * Makes a token for a session, which must be active. It is signed in Node's thread pool.
   * @returns null where the session has reached the time at which it is expected to expire.
   */
  async sign(
    session: SessionRecord,
    template: TokenTemplate,
    { issuer, now, expiresAt }: Issuing,
  ): Promise<string | null> {
    const { kid, algorithm, privateKey } = this.#settings.signer;
    const issued = Math.floor(now.getTime() / 1_000);
    const end = Math.min(issued + template.ttlSeconds, Math.floor(expiresAt.getTime() / 1_000));
    if (end <= issued) return null;
    const claims = {
      ...template.claimsOf(session),
      iss: issuer,
      sub: session.accountId,
      ...(template.audience !== null && { aud: template.audience }),
      iat: issued,
      exp: end,
      jti: randomUUID(),
      sid: session.sessionId,
    };
    const signed = [{ alg: algorithm, kid, typ: 'JWT' }, claims].map(encode).join('.');
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const signature = await signInThreadPool(digestOf(algorithm), Buffer.from(signed), key);
    return `${signed}.${signature.toString('base64url')}`;
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function readSettings(given: unknown): Settings {
  const faults: string[] = [];
  if (!isRecord(given)) throw new SessionTokensError(['must be an object with keys and templates']);
  const { keys, templates, ...others } = given;
  if (Object.keys(others).length > 0) {
    faults.push('has another member than keys and templates');
  }
  const signers = readKeys(keys, faults);
  const read = readTemplates(templates, faults);
  const [signer] = signers;
  if (signer === undefined || faults.length > 0) throw new SessionTokensError(faults);
  const body = JSON.stringify({ keys: signers.map(({ publicJwk }) => publicJwk) });
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const kids = signers.map(({ kid }) => kid);
  return { signer, kids, keySet: { body, etag }, templates: read };
}

function readKeys(given: unknown, faults: string[]): readonly SigningKey[] {
  if (!Array.isArray(given) || given.length === 0) {
    faults.push('keys: must be a list of at least one private JWK');
    return [];
  }
  /** Positions by what may stand only once. */
  const seen = new Map<string, number>();
  return given.flatMap((jwk, index) => {
    const own: string[] = [];
    const key = readSigningKey(jwk, own);
    if (key !== null) {
      for (const [what, name] of [
        ['has the same kid as', `kid ${key.kid}`],
        ['is the same as', `key ${thumbprintOf(key.publicJwk)}`],
      ] as const) {
        const first = seen.get(name);
        if (first === undefined) seen.set(name, index + 1);
        else own.push(`${what} key ${first}`);
      }
    }
    faults.push(...own.map((fault) => `keys: key ${index + 1} ${fault}`));
    return key ?? [];
  });
}

function readTemplates(given: unknown, faults: string[]): ReadonlyMap<string, TokenTemplate> {
  const templates = new Map<string, TokenTemplate>();
  if (!isRecord(given) || Object.keys(given).length === 0) {
    faults.push('templates: must be an object with at least one template');
    return templates;
  }
  for (const [index, [name, value]] of Object.entries(given).entries()) {
    const isName = templateName.test(name);
    const which = `template ${isName ? name : index + 1}`;
    if (!isName) {
      faults.push(
        `${which} must have a name of 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit`,
      );
    }
    const own: string[] = [];
    const template = readTokenTemplate(value, own);
    faults.push(...own.map((fault) => `${which} ${fault}`));
    if (template !== null) templates.set(name, template);
  }
  return templates;
}
