// What a lease needs of the process that it belongs to.

import type { Clock } from '../../brokers/upstream/clock.ts';
import type { ChannelListener } from '../../brokers/upstream/redis-channels.ts';
import type { Limits } from '../../limits.ts';

/**
 * Why a message of another replica was ignored.
 * - `oversized`: it is longer than `sharedPollBytes`.
 * - `too-many`: there were more than may be read in a second.
 * - `foreign`: it was not encrypted for this channel, with the key of this gateway.
 * - `malformed`: it does not have the form of a message.
 * - `replayed`: it is older than one that was read, or was sent too long ago, or its sender holds the lease no more, or it
 *   ends the streams of others.
 */
export type IgnoredReason = 'oversized' | 'too-many' | 'foreign' | 'malformed' | 'replayed';

/** The bounds on shared polls. */
export type LeaseLimits = Pick<
  Limits,
  | 'pollLeaseSeconds'
  | 'sharedPolls'
  | 'sharedPollBytes'
  | 'sharedPollMessages'
  | 'sharedPollMessagesPerAccount'
  | 'sharedPollClockSeconds'
  | 'redisConnectSeconds'
  | 'redisAnswerMilliseconds'
  | 'redisReplicas'
>;

/** Encrypts and decrypts what travels on one channel. */
export interface ChannelEncrypter {
  encrypt(binding: readonly [string, ...string[]], value: unknown): string;
  decrypt(
    binding: readonly [string, ...string[]],
    encrypted: string,
  ):
    | { readonly ok: true; readonly value: unknown }
    | { readonly ok: false; readonly reason: string };
}

/** The process that leases belong to. */
export interface LeaseHost {
  readonly clock: Clock;
  /** The time, for people and for other replicas. */
  readonly now: () => Date;
  readonly limits: LeaseLimits;
  /** This process among the replicas. Another one whenever Redis was away: what it held then is free. */
  readonly replicaId: string;
  /** Whether polls are shared now. */
  readonly isShared: boolean;
  /** Whether a replica is gone that was there at this time of Redis. */
  isGone(replicaId: string, since: number): boolean;
  /** Runs a script on the Redis that replicas share. */
  run(script: string, key: string, args: readonly (string | number)[]): Promise<unknown>;
  /** Listens to a channel; gives the way to stop. */
  listen(channel: string, listener: ChannelListener): () => void;
  /** A lease is left. */
  forget(lease: object): void;
  /** Counts a message that has come for any lease; false where there were too many in this second. */
  mayRead(): boolean;
  /** Counts a message that is ignored. */
  ignore(reason: IgnoredReason): void;
}
