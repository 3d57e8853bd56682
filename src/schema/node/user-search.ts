// The search for a user by id, among the accounts of a request.

import type { Context, ReachedAccount } from '../../context.ts';
import { reachedAccounts } from '../account.ts';
import { ProblemError } from '../errors/problem.ts';
import { perOperation } from '../per-operation.ts';
import { idOfUser, keptUser, type UserSource, userOf } from '../user.ts';

const nameOnly: ReadonlySet<string> = new Set(['id', 'userId']);

/**
 * The user with an id; null where no account of the request is theirs. A keyring knows whose its accounts are. Of
 * header credentials the profiles are read, a few at once and each once in an operation, until one is the user's.
 * @param asked the fields asked for.
 * @throws a failure, where no account that could be read is the user's: the user may be that of another one.
 */
export async function findUser(
  id: string,
  asked: ReadonlySet<string>,
  context: Context,
): Promise<UserSource | null> {
  const own = reachedAccounts(context).filter((account) => {
    const kept = keptUser(account);
    return kept !== null && idOfUser(kept, context) === id;
  });
  // Through an app whose session has ended, only the name is known.
  const known = own.find(({ access }) => access !== null) ?? own[0];
  const owner = known ?? (await profileSearch(context).find(id));
  return owner && userOf(owner, context, () => asked);
}

const profileSearch = perOperation((context) => new ProfileSearch(context));

/** The accounts of an operation whose users are not known, and those whose profiles have been read. */
class ProfileSearch {
  readonly #context: Context;
  readonly #unread: ReachedAccount[];
  readonly #owners = new Map<string, ReachedAccount>();
  readonly #failures: unknown[] = [];
  #inFlight = 0;
  #news = Promise.withResolvers<void>();

  constructor(context: Context) {
    this.#context = context;
    this.#unread = context.accounts.filter((account) => keptUser(account) === null);
    // A user may be found while other profiles are in flight: these calls are cancelled with the operation.
    context.deadline.onEnd(() => {
      if (this.#inFlight > 0) context.deadline.abandon();
    });
  }

  /** Reads on until an account is the user's or none is left. @throws a failure, where one is in the way. */
  async find(id: string): Promise<ReachedAccount | null> {
    for (;;) {
      const owner = this.#owners.get(id);
      if (owner !== undefined) return owner;
      while (this.#inFlight < this.#context.limits.userSearchCalls) {
        const account = this.#unread.shift();
        if (account === undefined) break;
        void this.#read(account);
      }
      if (this.#inFlight === 0) break;
      await this.#news.promise;
    }
    if (this.#failures.length === 0) return null;
    // What may pass comes first: then asking again is worth it.
    throw this.#failures.find(mayPass) ?? this.#failures[0];
  }

  async #read(account: ReachedAccount): Promise<void> {
    this.#inFlight += 1;
    try {
      const user = await userOf(account, this.#context, () => nameOnly);
      this.#owners.set(idOfUser(user, this.#context), account);
    } catch (error) {
      this.#failures.push(error);
    }
    this.#inFlight -= 1;
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof ProblemError && error.extensions.retryable === true;
}
