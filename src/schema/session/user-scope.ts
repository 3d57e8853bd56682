// The users whose sessions in other browsers an operation may see and end: each has to be proved, by itself. A browser
// that holds a session has proved nothing by that: the broker has to have accepted its token a short time ago.
import type { SessionElsewhere } from '../../browser-keyring.ts';
import { type Context, reachedBySession } from '../../context.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { BrokerUser } from '../../keyring/user-sessions.ts';
import type { Account } from '../../loaders/loaders.ts';
import { keyringUnavailable, type Problem, sessionExpired } from '../errors/problem.ts';
import { malformedAnswer, succeeded, tryRead } from '../field-reads.ts';
import { perOperation } from '../per-operation.ts';

/** The sessions of one user in other browsers. */
export interface UserElsewhere {
  /** This browser's own session of the user, which proves who asks. */
  readonly own: SessionRecord;
  /** Those that are known. */
  readonly sessions: readonly SessionElsewhere[];
  /** Why they are not all known; null where they are. */
  readonly problem: Problem | null;
}

interface OwnSession {
  /** Of the user, among all brokers. */
  readonly name: string;
  readonly user: BrokerUser;
  readonly record: SessionRecord;
}

/** The users of an operation: however often it asks, each is proved and read once. */
export const userScopeOf = perOperation((context) => new UserScope(context));

/** The users of the browser that asks. */
export class UserScope {
  readonly #context: Context;
  /** This browser's own session of each user, which names the user. */
  readonly #users: readonly OwnSession[];
  readonly #proofs = new Map<string, Promise<Problem | null>>();
  readonly #found = new Map<string, SessionElsewhere[]>();
  /** Why not everything can be read. */
  #unread: Problem | null = null;
  /** One read after the other: what an operation reads is bounded. */
  #reading = Promise.resolve();
  #left: number;

  constructor(context: Context) {
    const { keyring, limits } = context;
    this.#context = context;
    this.#left = limits.sessionsElsewhere;
    const users = new Map<string, OwnSession>();
    for (const record of keyring.sessions) {
      const { broker, userId, state } = record;
      if (userId === null || (state !== 'ACTIVE' && state !== 'EXPIRED')) continue;
      const name = `${broker} ${userId}`;
      // Only one that is active proves anything.
      if (users.get(name)?.record.state === 'ACTIVE') continue;
      users.set(name, { name, user: { broker, userId }, record });
    }
    this.#users = [...users.values()];
  }

  /**
   * The sessions in other browsers of each user that is proved, and why not of the others. Where there are more than an
   * operation reads, the first user has this problem beside the sessions that were read.
   */
  async all(): Promise<readonly UserElsewhere[]> {
    const users = await Promise.all(
      this.#users.map(async (own) => ({ own, problem: await this.#prove(own) })),
    );
    const proved = users.flatMap(({ own, problem }) => (problem === null ? [own] : []));
    const unread = await this.#read(proved);
    return users.map(({ own, problem }) => {
      if (problem !== null) return { own: own.record, sessions: [], problem };
      const sessions = this.#found.get(own.name) ?? [];
      return { own: own.record, sessions, problem: own === proved[0] ? unread : null };
    });
  }

  /**
   * The sessions in other browsers with these ids; and why one is not among them, where that is not because there is no
   * such session. Only users who have one of them have to prove themselves.
   */
  async withIds(
    ids: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, SessionElsewhere | Problem>> {
    const found = new Map<string, SessionElsewhere | Problem>();
    const unread = await this.#read(this.#users);
    await Promise.all(
      this.#users.map(async (own) => {
        const sessions = this.#found.get(own.name) ?? [];
        const asked = sessions.filter(({ sessionId }) => ids.has(sessionId));
        if (asked.length === 0) return;
        const unproved = await this.#prove(own);
        for (const session of asked) found.set(session.sessionId, unproved ?? session);
      }),
    );
    if (unread !== null) for (const id of ids) if (!found.has(id)) found.set(id, unread);
    return found;
  }

  /** Reads the sessions of users who were not read yet; why not all were read, or null. */
  async #read(users: readonly OwnSession[]): Promise<Problem | null> {
    this.#reading = this.#reading.then(() => this.#readUnread(users));
    await this.#reading;
    return this.#unread;
  }

  async #readUnread(all: readonly OwnSession[]): Promise<void> {
    const users = all.filter(({ name }) => !this.#found.has(name));
    if (users.length === 0 || this.#unread !== null) return;
    try {
      const { sessions, isCut } = await this.#context.keyring.sessionsElsewhere(
        users.map(({ user }) => user),
        this.#left,
      );
      this.#left -= sessions.length;
      if (isCut) this.#unread = tooMany;
      for (const { name } of users) this.#found.set(name, []);
      for (const session of sessions)
        this.#found.get(`${session.broker} ${session.userId}`)?.push(session);
    } catch (error) {
      if (!(error instanceof KeyringStoreError)) throw error;
      this.#unread = keyringUnavailable();
    }
  }

  #prove({ name, user, record }: OwnSession): Promise<Problem | null> {
    const known = this.#proofs.get(name);
    if (known !== undefined) return known;
    const proof = prove(user, record, this.#context);
    this.#proofs.set(name, proof);
    return proof;
  }
}

/** Why a session does not prove that its user asks; null where it does. One call at most. */
async function prove(
  { userId }: BrokerUser,
  own: SessionRecord,
  context: Context,
): Promise<Problem | null> {
  const account = reachedBySession(own);
  if (account.access === null) return sessionExpired(account, context);
  const { credential } = account.access;
  if (isRecent(own.issuedAt, context) || isRecent(context.reads.acceptedAt(credential), context))
    return null;
  const load = (access: Account) => context.loaders.prove(access);
  const outcome = await tryRead(account, context, load, succeeded);
  if ('problem' in outcome) return outcome.problem;
  // A token whose answers name no user is the one that the login of this user gave.
  const { value: named } = outcome;
  return named === null || named === userId ? null : malformedAnswer(account);
}

function isRecent(at: Date | null, { now, limits }: Context): boolean {
  if (at === null) return false;
  const age = now().getTime() - at.getTime();
  return age >= 0 && age < limits.userProofSeconds * 1_000;
}

const tooMany: Problem = {
  code: 'TOO_LARGE',
  message:
    'The users of this browser have more sessions in other browsers than one operation reads. End some of them.',
  retryable: false,
};
