// What the stream of sessions tells: the accounts as they are now, and a sentence for the user.
import { wordsForEnd } from '../format/words.ts';
import type { SessionsChangedSubscription } from '../generated/graphql.ts';
import { type Account, listOf } from './accounts.ts';
import type { Console } from './console.ts';

/** A change of one session. */
export type SessionChange = SessionsChangedSubscription['sessionsChanged'];

/** Takes changes that came together. */
export function takeSessionChanges(console: Console, all: readonly SessionChange[]): void {
  const { store } = console;
  const known = new Map(store.state.sessions.map((session) => [session.id, session]));
  // The end of a session that is listed no more is older than the list.
  const changes = all.filter(({ session: { id, state } }) => known.has(id) || state === 'ACTIVE');
  const news = changes.filter(
    ({ session }) => JSON.stringify(known.get(session.id)) !== JSON.stringify(session),
  );
  // Also what is known: a list that is being read may be older.
  console.takeChanges(changes.map(({ session }) => session));
  const accountOf = new Map(store.state.accounts.map((account) => [account.session.id, account]));
  const told = (reason: SessionChange['reason']) =>
    news.flatMap((change) => {
      const account = accountOf.get(change.session.id);
      return account && change.reason === reason ? [{ ...change, account }] : [];
    });
  const started = told('STARTED').filter(({ session }) => !known.has(session.id));
  // A logout of this page has said so itself.
  const ended = told('ENDED').filter(
    ({ session: { id, endReason } }) =>
      known.get(id)?.state === 'ACTIVE' && endReason !== 'LOGGED_OUT',
  );
  const expiring = changes.flatMap(({ reason, session }) =>
    reason === 'EXPIRING' ? (accountOf.get(session.id) ?? []) : [],
  );
  if (started.length > 0) {
    const named = started.map(({ account }) => account);
    console.notify({ text: `${sentence(named, 'is', 'are')} logged in.`, named, tone: 'good' });
  }
  if (expiring.length > 0) {
    const text = `${expiring.length === 1 ? 'The login' : 'The logins'} of ${sentence(expiring, 'expires', 'expire')} soon.`;
    console.notify({ text, named: expiring, tone: 'plain', accountId: expiring[0]?.id });
  }
  if (ended.length > 0)
    tellEnds(
      console,
      ended.map(({ account }) => account),
    );
  if (changes.some(({ reason }) => reason !== 'PRESENT')) console.userSessions.readSoon();
}

function sentence(accounts: readonly Account[], one: string, several: string): string {
  return `${listOf(accounts)} ${accounts.length === 1 ? one : several}`;
}

/** Tells which accounts ended, with those that the notice on the page tells already: at six in the morning all of them. */
function tellEnds(console: Console, ended: readonly Account[]): void {
  const { notice, accounts } = console.store.state;
  const ids = new Set([...(notice?.ended ?? []), ...ended.map(({ id }) => id)]);
  const told = accounts.filter(({ id, isActive }) => ids.has(id) && !isActive);
  const reasons = [...new Set(told.map(({ session }) => wordsForEnd(session.endReason)))];
  const text = reasons
    .map((words) => {
      const those = told.filter(({ session }) => wordsForEnd(session.endReason) === words);
      return `${listOf(those)}: ${words}.`;
    })
    .join(' ');
  const accountId = told.length === 1 ? told[0]?.id : undefined;
  console.notify({ text, named: told, tone: 'bad', accountId, ended: told.map(({ id }) => id) });
}
