// Tokens that a broker has still to end, as a store keeps them: encrypted, and found without a cookie.
import { z } from 'zod';
import { defaultBroker } from '../../brokers/broker-name.ts';
import type { TokenOwner } from '../../brokers/credential.ts';
import { Secret } from '../../brokers/upstream/secret.ts';
import { revocationLifetime } from '../policy.ts';
import type { KeyringReport } from '../report.ts';
import { brokerName, endReasons, type SessionEndReason } from '../session-record.ts';
import type {
  RevocationList,
  RevocationOutcome,
  StoredRevocation,
} from '../stores/revocation-list.ts';
import type { KeyringStore } from '../stores/store.ts';
import type { Binding, Encrypter } from './encrypter.ts';
import { newId } from './names.ts';

/** Tokens of one account of one app. */
export interface TokensToEnd extends TokenOwner {
  /** Null if there is no token to end. */
  readonly accessToken: Secret | null;
  /** Null if there is no token to end. */
  readonly refreshToken: Secret | null;
}

/** Where the session is whose logout the tokens belong to. */
export interface SessionPlace {
  readonly keyringId: string;
  /** The key of its row. */
  readonly key: string;
  readonly sessionId: string;
}

/** Tokens to end, and what they are of. */
export interface Revocation {
  /** Every name that it may have in the store, one for each key: the same for the same session. */
  readonly ids: readonly [string, ...string[]];
  readonly tokens: TokensToEnd;
  /** The session that becomes REVOKED when they have ended; null without a session. */
  readonly session: SessionPlace | null;
  /** When they were last known to work. */
  readonly since: Date;
  /** Why the session ends. */
  readonly reason: SessionEndReason;
}

/** A revocation that this process has claimed, until `dueAt` in milliseconds since the epoch. */
export interface ClaimedRevocation {
  readonly revocation: Revocation;
  readonly dueAt: number;
}

/** Reads and writes revocations. Methods throw KeyringStoreError where the store is down. */
export interface EncryptedRevocations {
  /** The names of a session's revocation, or of one of no session. */
  ids(session: SessionPlace | null): readonly [string, ...string[]];
  /** Adds a revocation, claimed until `dueAt`. */
  add(
    revocation: Revocation,
    dueAt: number,
    capacity: number,
  ): Promise<RevocationOutcome | 'not-kept-by-store'>;
  /** Claims those that are due. One that does not open is left out and reported. */
  claim(until: number, count: number): Promise<readonly ClaimedRevocation[]>;
  /** Claims one anew; false where another process has it, or where it is gone. */
  postpone(claimed: ClaimedRevocation, dueAt: number): Promise<boolean>;
  /** Deletes one that is done. */
  remove(revocation: Revocation): Promise<void>;
}

const secret = z
  .string()
  .transform((text) => new Secret(text))
  .nullable();
const shape = z.object({
  tokens: z.object({
    // Those of an earlier version do not have these three.
    broker: brokerName.default(defaultBroker),
    userId: z.string().nullable().default(null),
    baseUrl: z.string().nullable().default(null),
    apiKey: z.string(),
    accessToken: secret,
    refreshToken: secret,
  }),
  session: z.object({ keyringId: z.string(), key: z.string(), sessionId: z.string() }).nullable(),
  since: z.iso.datetime().transform((text) => new Date(text)),
  // Those of an earlier version have none.
  reason: z.enum(endReasons).default('LOGGED_OUT'),
});

/** What the text of a revocation is bound to. */
export function revocationBinding(id: string): Binding {
  return ['revocation', id];
}

/** What a store of the operator's own has that keeps no such list. */
const noList = {
  add: async () => 'not-kept-by-store' as const,
  claim: async () => [],
  postpone: async () => false,
  remove: async () => undefined,
};

/** Revocations over `store`, encrypted by `encrypter`; rows that cannot be decrypted go to `report`. */
export function createEncryptedRevocations(
  store: Pick<KeyringStore, 'revocations'>,
  encrypter: Encrypter,
  report: (report: KeyringReport) => void,
): EncryptedRevocations {
  const list: RevocationList | typeof noList = store.revocations ?? noList;

  function decrypt({ id, encrypted, dueAt }: StoredRevocation) {
    const opened = encrypter.decrypt(revocationBinding(id), encrypted);
    const parsed = opened.ok ? shape.safeParse(opened.value) : null;
    if (parsed?.success) return { dueAt, revocation: { ids: [id], ...parsed.data } } as const;
    report({ kind: 'unreadable-revocation', reason: opened.ok ? 'malformed' : opened.reason });
    return null;
  }

  function encrypt(id: string, { tokens, session, since, reason }: Revocation): string {
    const { broker, apiKey, userId, baseUrl, accessToken, refreshToken } = tokens;
    return encrypter.encrypt(revocationBinding(id), {
      tokens: {
        broker,
        apiKey,
        userId,
        baseUrl,
        accessToken: accessToken?.reveal() ?? null,
        refreshToken: refreshToken?.reveal() ?? null,
      },
      session,
      since,
      reason,
    });
  }

  return {
    ids: (session) =>
      session === null
        ? [newId()]
        : encrypter.names('revocation', session.keyringId, session.key, session.sessionId),

    async add(revocation, dueAt, capacity) {
      const { ids, since } = revocation;
      const [id] = ids;
      const encrypted = encrypt(id, revocation);
      const expiresAt = since.getTime() + revocationLifetime;
      return list.add({ id, encrypted, dueAt, expiresAt }, capacity);
    },

    async claim(until, count) {
      const claimed = (await list.claim(until, count)).map(decrypt);
      return claimed.filter((revocation) => revocation !== null);
    },

    postpone: ({ revocation, dueAt }, next) => list.postpone(revocation.ids[0], dueAt, next),
    remove: ({ ids }) => list.remove(ids),
  };
}
