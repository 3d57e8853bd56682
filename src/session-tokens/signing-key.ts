// A private key that signs session tokens: read from a JWK, checked, and published without its private part.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { isRecord } from '../brokers/field.ts';

/** The two algorithms that tokens are signed with. */
export type SigningAlgorithm = 'EdDSA' | 'ES256';

/** A key that signs tokens. */
export interface SigningKey {
  /** Names it in the header of its tokens and in the key set. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** Prints no key material. */
  readonly privateKey: KeyObject;
  /** The same key as others may know it. */
  readonly publicJwk: Readonly<Record<string, string>>;
}

interface Curve {
  readonly algorithm: SigningAlgorithm;
  /** Other names of the algorithm that a JWK may have. */
  readonly alsoNamed: readonly string[];
  /** The public members in the order of RFC 7638; `kty` and `crv` are among them. */
  readonly members: readonly string[];
}

const curves: ReadonlyMap<string, Curve> = new Map([
  ['OKP Ed25519', { algorithm: 'EdDSA', alsoNamed: ['Ed25519'], members: ['crv', 'kty', 'x'] }],
  ['EC P-256', { algorithm: 'ES256', alsoNamed: [], members: ['crv', 'kty', 'x', 'y'] }],
]);

/** What people try instead. Other values are not repeated: a misplaced secret could be among them. */
const knownOthers = new Set([
  'RSA',
  'oct',
  'Ed448',
  'X25519',
  'X448',
  'P-384',
  'P-521',
  'secp256k1',
]);

const accepted =
  'only private keys of Ed25519 (kty OKP) and P-256 (kty EC) can sign session tokens';

/** 32 bytes in base64url. */
const coordinate = /^[A-Za-z0-9_-]{43}$/;
const kidForm = /^[\x21-\x7e]{1,200}$/;

/**
 * Reads a private JWK.
 * @param faults gets what is wrong with it, as words that follow its name. They never hold anything of the key.
 * @returns null where something is wrong.
 */
export function readSigningKey(given: unknown, faults: string[]): SigningKey | null {
  if (!isRecord(given)) {
    faults.push('must be a JWK: an object with kty, crv, x and d');
    return null;
  }
  const curve = curves.get(`${given.kty} ${given.crv}`);
  if (curve === undefined) {
    const other = [given.kty, given.crv].find((name) => knownOthers.has(String(name)));
    faults.push(
      `${other === undefined ? 'has another type or curve' : `is ${other}`}: ${accepted}`,
    );
    return null;
  }
  const before = faults.length;
  faults.push(...faultsOfUse(given, curve));
  const missing = [...curve.members.slice(2), 'd'].filter(
    (name) => typeof given[name] !== 'string' || !coordinate.test(given[name]),
  );
  for (const name of missing) {
    faults.push(
      name === 'd' && given.d === undefined
        ? 'has no d: the private key is needed'
        : `has no readable ${name}: 32 bytes in base64url`,
    );
  }
  if (faults.length > before) return null;

  const publicPart = pick(given, curve.members);
  const privateKey = privateKeyOf(publicPart, String(given.d), curve.algorithm);
  if (privateKey === null) {
    faults.push('is not a valid key: its public part does not belong to its private part');
    return null;
  }
  const kid = typeof given.kid === 'string' ? given.kid : thumbprintOf(publicPart);
  const { algorithm } = curve;
  const publicJwk = { ...publicPart, kid, alg: algorithm, use: 'sig' };
  return { kid, algorithm, privateKey, publicJwk };
}

/** What is wrong with how a key says that it may be used. */
function faultsOfUse(
  { alg, use, key_ops: operations, kid }: Readonly<Record<string, unknown>>,
  { algorithm, alsoNamed }: Curve,
): string[] {
  const faults: string[] = [];
  if (alg !== undefined && alg !== algorithm && !alsoNamed.includes(String(alg))) {
    faults.push(`has another alg than its curve: leave alg out, or write ${algorithm}`);
  }
  if (use !== undefined && use !== 'sig') faults.push('must have the use "sig", or none');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('sign'))) {
    faults.push('must have "sign" in its key_ops, or no key_ops');
  }
  if (kid !== undefined && !(typeof kid === 'string' && kidForm.test(kid))) {
    faults.push('must have a kid of 1 to 200 printable ASCII characters without spaces, or none');
  }
  return faults;
}

/** The key; null where its two parts are not of one key, or no point of the curve. */
function privateKeyOf(
  publicPart: Readonly<Record<string, string>>,
  d: string,
  algorithm: SigningAlgorithm,
): KeyObject | null {
  try {
    const privateKey = createPrivateKey({ key: { ...publicPart, d }, format: 'jwk' });
    const publicKey = createPublicKey({ key: { ...publicPart }, format: 'jwk' });
    const probe = Buffer.from('kite-graphql');
    const digest = digestOf(algorithm);
    const isOneKey = verify(digest, probe, publicKey, sign(digest, probe, privateKey));
    return isOneKey ? privateKey : null;
  } catch {
    return null;
  }
}

/** The digest that `node:crypto` signs with; null where the algorithm has its own. */
export function digestOf(algorithm: SigningAlgorithm): 'sha256' | null {
  return algorithm === 'ES256' ? 'sha256' : null;
}

/** The thumbprint of RFC 7638, which names a key without a kid, and tells whether two are the same. */
export function thumbprintOf(publicJwk: Readonly<Record<string, string>>): string {
  const members = curves.get(`${publicJwk.kty} ${publicJwk.crv}`)?.members ?? [];
  return createHash('sha256')
    .update(JSON.stringify(pick(publicJwk, members)))
    .digest('base64url');
}

function pick(
  jwk: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, String(jwk[name])]));
}
