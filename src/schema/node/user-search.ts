// The search for a user by id, among the accounts of a request.
import type { Context, ReachedAccount } from '../../context.ts';
import { reachedAccounts } from '../account.ts';
import { idOfUser, keptUser, type UserSource, userOf } from '../user.ts';

const nameOnly: ReadonlySet<string> = new Set(['id', 'userId']);

/**
 * The user with an id; null where no account of the request is theirs. A keyring knows whose its accounts are. Of
 * header credentials the profiles are read, a few at once, until one is the user's.
 * @param asked the fields asked for.
 * @throws the first failure, where no account that could be read is the user's: the user may be that of another one.
 */
export async function findUser(
  id: string,
  asked: ReadonlySet<string>,
  context: Context,
): Promise<UserSource | null> {
  const accounts = reachedAccounts(context);
  const own = accounts.filter((account) => {
    const kept = keptUser(account);
    return kept !== null && idOfUser(kept, context) === id;
  });
  // Through an app whose session has ended, only the name is known.
  const known = own.find(({ access }) => access !== null) ?? own[0];
  const owner =
    known ??
    (await findByProfile(
      id,
      accounts.filter((account) => keptUser(account) === null),
      context,
    ));
  return owner && userOf(owner, context, asked);
}

async function findByProfile(
  id: string,
  accounts: readonly ReachedAccount[],
  context: Context,
): Promise<ReachedAccount | null> {
  const failures = new Map<ReachedAccount, unknown>();
  const found = Promise.withResolvers<ReachedAccount>();
  const waiting = [...accounts];
  let isFound = false;
  const search = async () => {
    for (let account = waiting.shift(); account && !isFound; account = waiting.shift()) {
      try {
        const user = await userOf(account, context, nameOnly);
        if (idOfUser(user, context) !== id) continue;
        isFound = true;
        found.resolve(account);
      } catch (error) {
        failures.set(account, error);
      }
    }
  };
  const searches = Array.from({ length: context.limits.userSearchCalls }, search);
  const owner = await Promise.race([found.promise, Promise.all(searches).then(() => null)]);
  if (owner !== null) return owner;
  for (const account of accounts) if (failures.has(account)) throw failures.get(account);
  return null;
}
