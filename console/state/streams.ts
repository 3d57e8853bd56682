// The two streams of the console: sessions and margins, each with what its changes mean for the state.
import { difference, formatAmount, formatChange } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import {
  MarginsChangedDocument,
  type MarginsChangedSubscription,
  SessionsChangedDocument,
} from '../generated/graphql.ts';
import type { Account } from './accounts.ts';
import type { Console } from './console.ts';
import { segmentNames } from './funds.ts';
import { secondsBetweenPolls } from './funds-reader.ts';
import { problemOf } from './gateway.ts';
import { type SessionChange, takeSessionChanges } from './session-news.ts';

/** A stream that is followed. */
export interface Stream {
  end(): void;
}

/** A stream of margins. */
export interface MarginsStream extends Stream {
  /** The sessions whose accounts it follows. */
  readonly sessionIds: ReadonlySet<string>;
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

/** Milliseconds for which changes are collected: a stream begins with all sessions, and many can end at once. */
const collectFor = 50;

/** Follows the sessions of this browser. */
export function followSessions(console: Console): Stream {
  const controller = new AbortController();
  const { signal } = controller;
  const state = statesOf(console, 'sessionsStream');
  const stream = { end: () => controller.abort() };
  let changes: SessionChange[] = [];
  const collect = (change: SessionChange) => {
    if (changes.push(change) > 1) return;
    setTimeout(() => {
      const collected = changes;
      changes = [];
      takeSessionChanges(console, collected);
    }, collectFor);
  };
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
      collect(data.sessionsChanged);
    }
    if (signal.aborted) return;
    // The sessions of this browser are gone, or the gateway has refused the stream.
    state.tellEnded();
    console.forget(stream);
  };
  void run();
  return stream;
}

/** Follows the margins of accounts. */
export function followMargins(console: Console, accounts: readonly Account[]): MarginsStream {
  const controller = new AbortController();
  const { signal } = controller;
  const state = statesOf(console, 'marginsStream');
  const sessionIds = new Set(accounts.map(({ session }) => session.id));
  const stream = { sessionIds, end: () => controller.abort() };
  const run = async () => {
    state.tellOpening();
    const events = console.client.subscribe(
      MarginsChangedDocument,
      {
        accountIds: accounts.map(({ id }) => id),
        everySeconds: secondsBetweenPolls(accounts.length),
      },
      { signal, onDisconnect: state.tellBroken, onReconnect: state.tellLive },
    );
    for await (const { data, error } of events) {
      if (signal.aborted) return;
      if (!data) break;
      state.tellLive();
      takeMargins(console, data.marginsChanged, error ? problemOf(error) : null);
    }
    if (signal.aborted) return;
    // Every account has ended, or the gateway has refused the stream.
    state.tellEnded();
    console.forget(stream);
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
