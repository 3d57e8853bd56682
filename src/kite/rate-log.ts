// The record of which calls an app has started lately, by which its next one may start or must wait.

/** Milliseconds in which Kite counts an app's calls. */
export const windowMilliseconds = 1_000;

/**
 * Milliseconds for which a start counts: a little longer than Kite's window, because Kite counts arrivals.
 * Calls need not all take equally long from here to there, and a slow one followed by a quick one come
 * closer together than they left. What takes longest, making a connection, is not in this: see {@link Start.sent}.
 */
export const countedMilliseconds = windowMilliseconds + 50;

/** A call that may start. */
export interface Start {
  /**
   * The call has gone out: it counts from now on, not from when it was allowed. Between the two a connection
   * may have been made, and a call that waited for one would reach Kite in a later window than it was counted in.
   */
  sent(): void;
}

/** A log of starts per app: at most so many in any window, however they are spread. */
export interface RateLog {
  /** The most starts in a window. */
  readonly limit: number;
  /**
   * Tries to start a call now.
   * @returns the start, or in how many milliseconds it is worth trying again: 1 at least. Never rejects.
   */
  start(apiKey: string): Start | number | Promise<Start | number>;
  /** Lets nothing of an app start for so long; an earlier closing that lasts longer stands. */
  close(apiKey: string, milliseconds: number): void;
}

const noStart: Start = { sent() {} };

/** A log that holds nobody back. */
export const unlimited: RateLog = {
  limit: Number.POSITIVE_INFINITY,
  start: () => noStart,
  close() {},
};
