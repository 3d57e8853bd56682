// What the console knows at a moment, and who is told when it changes.
import { useEffect, useState } from 'preact/hooks';
import type {
  SessionRowFragment,
  SessionsQuery,
  SumFieldsFragment,
  UserSessionsQuery,
} from '../generated/graphql.ts';
import type { Account } from './accounts.ts';
import type { Funds } from './funds.ts';
import type { Problem } from './gateway.ts';

/** Whether something has arrived. */
export type Status = 'idle' | 'loading' | 'ready' | 'failed';

/** A stream of events. */
export interface StreamState {
  readonly status: 'off' | 'opening' | 'live' | 'broken';
  /** Since when, in milliseconds. */
  readonly since: number;
}

/** An app to log in through. */
export type LoginApp = SessionsQuery['apps'][number];

/** A session of a user, here or in another browser. */
export type UserSession = NonNullable<UserSessionsQuery['sessions']>[number];

/** A sentence for the user, with what to do next. */
export interface Notice {
  readonly text: string;
  /** Those that the text may name. */
  readonly named?: readonly Account[] | undefined;
  readonly tone: 'good' | 'plain' | 'bad';
  readonly problem?: Problem | undefined;
  /** An account that the user may want to log in to. */
  readonly accountId?: string | undefined;
  /** The accounts whose ends it tells of. */
  readonly ended?: readonly string[] | undefined;
}

/** What the console knows. */
export interface State {
  readonly sessions: readonly SessionRowFragment[];
  readonly accounts: readonly Account[];
  readonly apps: readonly LoginApp[];
  readonly status: Status;
  readonly problem: Problem | null;
  readonly funds: ReadonlyMap<string, Funds>;
  readonly sums: SumFieldsFragment | null;
  readonly sumsStatus: Status;
  readonly sumsProblem: Problem | null;
  readonly userSessions: readonly UserSession[];
  readonly userSessionsStatus: Status;
  readonly userSessionsProblem: Problem | null;
  readonly sessionsStream: StreamState;
  readonly marginsStream: StreamState;
  readonly isOnline: boolean;
  /** What is being done, such as `logout:<account>`. */
  readonly busy: ReadonlySet<string>;
  readonly notice: Notice | null;
  /** What a screen reader is told. */
  readonly announcement: string;
}

/** Milliseconds between two times that the page is drawn anew: hundreds of accounts change it often in one. */
const drawPause = 50;

const off: StreamState = { status: 'off', since: 0 };

/** What is known at first. */
const initialState: State = {
  sessions: [],
  accounts: [],
  apps: [],
  status: 'loading',
  problem: null,
  funds: new Map(),
  sums: null,
  sumsStatus: 'idle',
  sumsProblem: null,
  userSessions: [],
  userSessionsStatus: 'idle',
  userSessionsProblem: null,
  sessionsStream: off,
  marginsStream: off,
  isOnline: true,
  busy: new Set(),
  notice: null,
  announcement: '',
};

/** Holds the state. */
export class Store {
  #state: State = initialState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isTold = true;
  readonly #listeners = new Set<(state: State) => void>();

  /** The state now. */
  get state(): State {
    return this.#state;
  }

  /** Changes a part of the state: at once here, and a moment later on the page if it has just been drawn. */
  set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    if (this.#timer !== undefined) {
      this.#isTold = false;
      return;
    }
    this.#tell();
  }

  /** Draws what has changed now. */
  draw(): void {
    clearTimeout(this.#timer);
    this.#tell();
  }

  #tell(): void {
    this.#isTold = true;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isTold) this.#tell();
    }, drawPause);
    for (const listener of this.#listeners) listener(this.#state);
  }

  /** Tells of changes. @returns what ends that. */
  follow(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The state, for a component that shows it. */
export function useStore(store: Store): State {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.follow(setState);
  }, [store]);
  return state;
}
