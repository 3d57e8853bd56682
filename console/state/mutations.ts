// What the user does to accounts and sessions, and what the page says of it.
import { EndSessionsDocument, LabelAccountDocument, LogOutDocument } from '../generated/graphql.ts';
import { type Account, listOf } from './accounts.ts';
import type { Console } from './console.ts';
import { type Problem, problemOf } from './gateway.ts';

/** Does something, and lets the store know meanwhile that it is being done. */
async function busyWith<T>(
  { store }: Console,
  what: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  store.set({ busy: new Set([...store.state.busy, ...what]) });
  try {
    return await work();
  } finally {
    const done = new Set(what);
    store.set({ busy: new Set([...store.state.busy].filter((each) => !done.has(each))) });
    // The page is as it stays, before the focus finds its place in it.
    store.draw();
  }
}

/** Logs accounts out, at their brokers too, and names those that a broker has not confirmed. */
export function logOut(console: Console, accounts: readonly Account[]): Promise<void> {
  const accountIds = accounts.map(({ id }) => id);
  const what = accountIds.map((id) => `logout:${id}`);
  return busyWith(console, what, async () => {
    const { data, error } = await console.client.mutate(LogOutDocument, { accountIds });
    const failures = data?.logout?.failures ?? [];
    const problem = failures[0]?.error ?? (error ? problemOf(error) : undefined);
    const failed = accounts.filter(({ id }) => failures.some((each) => each.accountId === id));
    if (failed.length > 0) {
      const text = `The broker has not confirmed the logout of ${listOf(failed)}. The gateway goes on trying.`;
      console.notify({ text, named: failed, tone: 'bad', problem });
    } else if (problem) {
      const text = `The gateway has not confirmed the logout of ${listOf(accounts)}.`;
      console.notify({ text, named: accounts, tone: 'bad', problem });
    } else {
      const isOne = accounts.length === 1;
      const text = `${listOf(accounts)} ${isOne ? 'is' : 'are'} logged out.`;
      const accountId = isOne ? accountIds[0] : undefined;
      console.notify({ text, named: accounts, tone: 'good', accountId });
    }
    await console.readSessions();
  });
}

/** Gives an account a label; an empty one takes it away. @returns what is wrong with it. */
export async function labelAccount(
  console: Console,
  accountId: string,
  label: string,
): Promise<Problem | null> {
  const { data, error } = await console.client.mutate(LabelAccountDocument, { accountId, label });
  const result = data?.labelAccount;
  if (!result) return error ? problemOf(error) : null;
  if (result.__typename !== 'Account') return result;
  console.takeSessions(
    console.store.state.sessions.map((session) =>
      session.account.id === accountId ? { ...session, account: result } : session,
    ),
  );
  return null;
}

/** Ends sessions in other browsers, at the broker too. */
export function endSessions(console: Console, ids: readonly string[]): Promise<void> {
  return busyWith(console, ['end'], async () => {
    const { data, error } = await console.client.mutate(EndSessionsDocument, { ids: [...ids] });
    const failed = data?.revokeSessions?.failures[0]?.error;
    const problem = failed ?? (error && problemOf(error));
    const count = data?.revokeSessions?.revoked.length ?? 0;
    const ended = count === 1 ? 'The session is ended.' : `${count} sessions are ended.`;
    console.notify(
      problem
        ? { text: 'A session could not be ended.', tone: 'bad', problem }
        : { text: ended, tone: 'good' },
    );
    await console.userSessions.read();
  });
}
