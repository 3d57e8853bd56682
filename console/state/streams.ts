// The two streams of the console: sessions and margins, each with what its changes mean for the state.
import { difference, formatAmount, formatChange } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import { wordsForEnd } from '../format/words.ts';
import {
  MarginsChangedDocument,
  type MarginsChangedSubscription,
  SessionsChangedDocument,
  type SessionsChangedSubscription,
} from '../generated/graphql.ts';
import type { Console } from './console.ts';
import { segmentNames } from './funds.ts';
import { problemOf } from './gateway.ts';

/** A stream that is followed. */
export interface Stream {
  /** What it follows, to tell whether that is still wanted. */
  readonly followed: string;
  end(): void;
}

type StreamKey = 'sessionsStream' | 'marginsStream';

/** Keeps the state of a stream in the store. */
function statesOf(console: Console, key: StreamKey) {
  const set = (status: 'opening' | 'live' | 'broken' | 'off') =>
    console.store.set({ [key]: { status, since: Date.now() } });
  return {
    tellOpening: () => set('opening'),
    tellEnded: () => set('off'),
    tellBroken: () => {
      if (console.store.state[key].status !== 'broken') set('broken');
    },
    tellLive: () => {
      const { status } = console.store.state[key];
      if (status === 'live') return;
      set('live');
      if (status !== 'broken') return;
      const text = `Live again since ${formatClock(Date.now())}.`;
      console.store.set({ announcement: text });
    },
  };
}

/** Follows the sessions of this browser. */
export function followSessions(console: Console): Stream {
  const controller = new AbortController();
  const { signal } = controller;
  const state = statesOf(console, 'sessionsStream');
  const stream = { followed: 'sessions', end: () => controller.abort() };
  const run = async () => {
    state.tellOpening();
    const events = console.client.subscribe(
      SessionsChangedDocument,
      {},
      { signal, onDisconnect: state.tellBroken, onReconnect: state.tellLive },
    );
    for await (const { data } of events) {
      if (!data) break;
      state.tellLive();
      takeSession(console, data.sessionsChanged);
    }
    if (signal.aborted) return;
    // The sessions of this browser are gone, or the gateway has refused the stream.
    console.forget(stream);
    state.tellEnded();
    console.refreshLater();
  };
  void run();
  return stream;
}

function takeSession(
  console: Console,
  { reason, session }: SessionsChangedSubscription['sessionsChanged'],
): void {
  const { sessions } = console.store.state;
  const known = sessions.find(({ id }) => id === session.id);
  console.takeSession(session);
  const { accounts } = console.store.state;
  const account = accounts.find(({ id }) => id === session.account.id);
  if (!account || account.session.id !== session.id) return;
  const { id: accountId, name } = account;
  if (reason === 'STARTED' && !known) {
    console.notify({ text: `${name} is logged in.`, tone: 'good' });
  }
  if (reason === 'EXPIRING') {
    console.notify({ text: `The login of ${name} expires soon.`, tone: 'plain', accountId });
  }
  // A logout of this page has said so itself.
  const isOwn = session.endReason === 'LOGGED_OUT';
  if (reason === 'ENDED' && known?.state === 'ACTIVE' && !isOwn) {
    const text = `${name}: ${wordsForEnd(session.endReason)}.`;
    console.notify({ text, tone: 'bad', accountId });
  }
  const isListed = console.store.state.userSessionsStatus !== 'idle';
  if (reason !== 'PRESENT' && isListed) void console.readUserSessions();
}

/** Follows the margins of accounts. */
export function followMargins(
  console: Console,
  accountIds: readonly string[],
  followed: string,
): Stream {
  const controller = new AbortController();
  const { signal } = controller;
  const state = statesOf(console, 'marginsStream');
  const stream = { followed, end: () => controller.abort() };
  const run = async () => {
    state.tellOpening();
    const events = console.client.subscribe(
      MarginsChangedDocument,
      { accountIds: [...accountIds] },
      { signal, onDisconnect: state.tellBroken, onReconnect: state.tellLive },
    );
    for await (const { data, error } of events) {
      if (signal.aborted) return;
      if (!data) break;
      state.tellLive();
      takeMargins(console, data.marginsChanged, error ? problemOf(error) : null);
    }
    if (signal.aborted) return;
    console.forget(stream);
    state.tellEnded();
  };
  void run();
  return stream;
}

function takeMargins(
  console: Console,
  { account, margins }: MarginsChangedSubscription['marginsChanged'],
  problem: ReturnType<typeof problemOf> | null,
): void {
  const { store } = console;
  const before = store.state.funds.get(account.id);
  const after = console.funds.withMargins(account.id, margins, problem);
  store.set({ funds: new Map(store.state.funds).set(account.id, after) });
  const name = store.state.accounts.find(({ id }) => id === account.id)?.name ?? 'An account';
  const hadProblem = [before, before?.equity, before?.commodity].some((part) => part?.problem);
  let isChanged = problem !== null || hadProblem;
  for (const segment of segmentNames) {
    const [was, is] = [before?.[segment]?.latest, after[segment]?.latest];
    if (!was || !is || JSON.stringify({ ...was, asOf: '' }) === JSON.stringify({ ...is, asOf: '' }))
      continue;
    isChanged = true;
    const change = formatChange(difference(is.net, was.net));
    if (change === null) continue;
    store.set({ announcement: `${name}, ${segment}: ${formatAmount(is.net)} rupees, ${change}.` });
  }
  // The first events are what the page has just read.
  if (isChanged) console.funds.readSumsSoon();
}
