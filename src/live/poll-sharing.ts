// How a poller shares its polls with the pollers of other gateways that watch by the same credential.

import type { Segment } from '../brokers/answers.ts';
import type { Credential } from '../brokers/credential.ts';
import type { PollResult } from './poll-result.ts';

/** What the listeners of one gateway want of an account. */
export interface Demand {
  /** The least time between an answer and the next question. */
  readonly everyMilliseconds: number;
  readonly segments: readonly Segment[];
}

/** A poller's part in what gateways share of one credential. */
export interface PollShare {
  /** Whether this gateway polls; otherwise another one does, or it is not known yet. */
  readonly isPolling: boolean;
  /** What the listeners of other gateways want: it counts where this one polls for them. */
  readonly others: readonly Demand[];
  /** How much later than expected a result of another gateway may be, in milliseconds, before {@link look} is of use. */
  readonly graceMilliseconds: number;
  /** Tells what the listeners of this gateway want from now on. */
  want(demand: Demand): void;
  /** Looks who polls, and for a result that was missed. Never rejects. */
  look(): Promise<void>;
  /** Gives a result of this gateway to the others. */
  publish(result: PollResult): void;
  /** Takes no part any more: where this gateway polled, another one does so at once. */
  leave(): void;
}

/** What a poller is told of others. */
export interface PollShareEvents {
  /** Receives the results of the gateway that polls, and from each one the result that is final. */
  readonly onResult: (result: PollResult) => void;
  /** Called when {@link PollShare.isPolling} or {@link PollShare.others} has changed. */
  readonly onTurn: () => void;
}

/** Shares polls between gateways. */
export interface PollSharing {
  /** Takes part in the polls by a credential. Never throws. */
  join(credential: Credential, demand: Demand, events: PollShareEvents): PollShare;
  /** Hands over all that this gateway polls, and lets go of every connection. */
  close(): Promise<void>;
}

/** The part of a gateway that shares with no other. */
export const unshared: PollShare = {
  isPolling: true,
  others: [],
  graceMilliseconds: 0,
  want() {},
  look: async () => {},
  publish() {},
  leave() {},
};
