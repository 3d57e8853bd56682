// The record of which calls an app has made lately, by which its next one may start or must wait.
// Kite counts arrivals, and how long a call is on its way differs: one that had to make a connection, followed
// by one that had not, arrive closer together than they left. So a call does not count from when it was allowed,
// but from the latest moment at which it can have arrived: it arrived before its answer came back.
import type { Departure } from '../../transport.ts';

/** Milliseconds in which Kite counts an app's calls. */
export const windowMilliseconds = 1_000;

/** Milliseconds for which an arrival counts: a little longer than the window, since timers and clocks are not exact. */
export const countedMilliseconds = windowMilliseconds + 5;

/**
 * The longest that a call is taken to be on its way, in milliseconds: without an answer by then, Kite is slow,
 * not the way to it. So a slow Kite costs a third of the budget at most, a quick one next to nothing.
 */
export const longestWayMilliseconds = 500;

/** A call that may start. */
export interface Start extends Departure {
  /** It has gone out on a connection. Until then it cannot have arrived, so until then it counts. */
  sent(): void;
  /** It has its answer, or none will come. */
  ended(): void;
}

/** What an app has used of its window. */
export interface Usage {
  /** The calls that count now. */
  readonly used: number;
  /** For how long nothing starts, where the broker has refused a call; else 0. */
  readonly closedMilliseconds: number;
}

/** A log of calls per app: at most so many in any window, however they are spread. */
export interface RateLog {
  /** The most calls in a window. */
  readonly limit: number;
  /**
   * Tries to start a call now.
   * @returns the start, or in how many milliseconds it is worth trying again: 1 at least. Never rejects.
   */
  start(apiKey: string): Start | number | Promise<Start | number>;
  /** Lets nothing of an app start for so long; an earlier closing that lasts longer stands. */
  close(apiKey: string, milliseconds: number): void;
  /** What an app has used of its window. Never rejects. */
  usage(apiKey: string): Usage | Promise<Usage>;
}

const noStart: Start = { sent() {}, ended() {} };

/** A log without a limit. */
export const unlimited: RateLog = {
  limit: Number.POSITIVE_INFINITY,
  start: () => noStart,
  close() {},
  usage: () => ({ used: 0, closedMilliseconds: 0 }),
};
