// One run for equal hooks: it starts with the first hook that is mounted, and is cancelled after the last one is gone.
import type { Client } from '../client.ts';

/** What a run does with the state that its hooks show. */
export interface Run<State> {
  /** Aborted when no hook is left, and when the run starts again. */
  readonly signal: AbortSignal;
  /** The state as it is. */
  get(): State;
  /** Changes it, and tells the hooks. Does nothing after the signal is aborted. */
  set(change: Partial<State>): void;
}

/** A state that equal hooks share, as `useSyncExternalStore` reads it. */
export interface Shared<State> {
  /** Told of each change until the returned function is called. */
  subscribe(listener: () => void): () => void;
  /** The state; the same object until it changes. @throws what a run threw, for the error boundary of the page. */
  get(): State;
  /** Runs again, from the state as it is. Does nothing if no hook is mounted. */
  restart(): void;
}

interface Entry {
  state: unknown;
  /** What a run threw: a fault of the program. */
  fault: { readonly thrown: unknown } | null;
  readonly listeners: Set<() => void>;
  restart(): void;
  stop(): void;
}

const entries = /* @__PURE__ */ new WeakMap<Client, Map<string, Entry>>();

/** The state of a key: all hooks of a client that use the key share it. @param run fills the state, until its signal is aborted. */
export function share<State>(
  client: Client,
  key: string,
  initial: State,
  run: (context: Run<State>) => Promise<void>,
): Shared<State> {
  const ofClient = entries.get(client) ?? new Map<string, Entry>();
  entries.set(client, ofClient);
  return {
    get: () => {
      const { state = initial, fault } = ofClient.get(key) ?? {};
      if (fault) throw fault.thrown;
      return state as State;
    },
    restart: () => ofClient.get(key)?.restart(),
    subscribe: (listener) => {
      const entry = ofClient.get(key) ?? begin(initial, run);
      ofClient.set(key, entry);
      entry.listeners.add(listener);
      return () => {
        entry.listeners.delete(listener);
        // StrictMode and a change of pages mount the next hook at once: it takes the run over.
        setTimeout(() => {
          if (entry.listeners.size > 0 || ofClient.get(key) !== entry) return;
          ofClient.delete(key);
          entry.stop();
        });
      };
    },
  };
}

function begin<State>(initial: State, run: (context: Run<State>) => Promise<void>): Entry {
  let controller = new AbortController();
  const start = () => {
    controller = new AbortController();
    const { signal } = controller;
    const tell = () => {
      for (const listener of [...entry.listeners]) listener();
    };
    entry.fault = null;
    run({
      signal,
      get: () => entry.state as State,
      set: (change) => {
        if (signal.aborted) return;
        entry.state = { ...(entry.state as State), ...change };
        tell();
      },
    }).catch((thrown: unknown) => {
      if (signal.aborted) return;
      entry.fault = { thrown };
      tell();
    });
  };
  const entry: Entry = {
    state: initial,
    fault: null,
    listeners: new Set(),
    stop: () => controller.abort(),
    restart: () => {
      controller.abort();
      start();
    },
  };
  start();
  return entry;
}
