// The users whose sessions in other browsers an operation may see and end: each has to be proved, by itself. A browser
// that holds a session has proved nothing by that: the broker has to have accepted its token a short time ago.
import type { SessionElsewhere } from '../../browser-keyring.ts';
import { accountOfSession, type Context } from '../../context.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { BrokerUser } from '../../keyring/user-sessions.ts';
import type { Account } from '../../loaders/account.ts';
import { keyringUnavailable, type Problem, sessionExpired } from '../errors/problem.ts';
import { malformedAnswer, succeeded, tryRead } from '../field-reads.ts';

/** The sessions of one user in other browsers. */
export interface UserElsewhere {
  /** This browser's own session of the user, which proves who asks. */
  readonly own: SessionRecord;
  /** Empty where there is a problem. */
  readonly sessions: readonly SessionElsewhere[];
  /** Why nothing of the user's other browsers is known; null where it is. */
  readonly problem: Problem | null;
}

interface OwnSession {
  /** Of the user, among all brokers. */
  readonly name: string;
  readonly user: BrokerUser;
  readonly record: SessionRecord;
}

const scopes = new WeakMap<Context, UserScope>();

/** The users of an operation: however often it asks, each is proved and read once. */
export function userScopeOf(context: Context): UserScope {
  const known = scopes.get(context) ?? new UserScope(context);
  scopes.set(context, known);
  return known;
}

/** The users of the browser that asks. */
export class UserScope {
  readonly #context: Context;
  /** This browser's own session of each user, which names the user. */
  readonly #users: readonly OwnSession[];
  readonly #proofs = new Map<string, Promise<Problem | null>>();
  readonly #found = new Map<string, Promise<readonly SessionElsewhere[]>>();
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

  /** The sessions in other browsers of each user that is proved, and why not of the others. */
  async all(): Promise<readonly UserElsewhere[]> {
    const users: UserElsewhere[] = [];
    const proved = await Promise.all(
      this.#users.map(async (own) => ({ own, problem: await this.#prove(own) })),
    );
    // One after the other: what one operation reads is bounded.
    for (const { own, problem } of proved) {
      const unread = { own: own.record, sessions: [], problem };
      users.push(problem === null ? await this.#read(own) : unread);
    }
    return users;
  }

  /**
   * The sessions in other browsers with these ids; and why one is not among them, where that is not because there is no
   * such session. Only users who have one of them have to prove themselves.
   */
  async withIds(
    ids: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, SessionElsewhere | Problem>> {
    const found = new Map<string, SessionElsewhere | Problem>();
    for (const own of this.#users) {
      if (found.size === ids.size) break;
      const { sessions, problem } = await this.#read(own);
      if (problem !== null) {
        for (const id of ids) if (!found.has(id)) found.set(id, problem);
        return found;
      }
      const asked = sessions.filter(({ sessionId }) => ids.has(sessionId));
      if (asked.length === 0) continue;
      const unproved = await this.#prove(own);
      for (const session of asked) found.set(session.sessionId, unproved ?? session);
    }
    return found;
  }

  async #read({ name, user, record: own }: OwnSession): Promise<UserElsewhere> {
    if (this.#left <= 0 && !this.#found.has(name)) return { own, sessions: [], problem: tooMany };
    try {
      const { keyring } = this.#context;
      const known = this.#found.get(name);
      if (known !== undefined) return { own, sessions: await known, problem: null };
      const reading = keyring.sessionsElsewhere(user);
      this.#found.set(name, reading);
      const sessions = await reading;
      this.#left -= sessions.length;
      return { own, sessions, problem: null };
    } catch (error) {
      if (!(error instanceof KeyringStoreError)) throw error;
      return { own, sessions: [], problem: keyringUnavailable() };
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
  const account = accountOfSession(own);
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
