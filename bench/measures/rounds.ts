// Servers that are measured in turn, round after round, so that what disturbs a run disturbs all of them.
import { load, warmUp } from '../load/load.ts';
import type { Question } from '../load/question.ts';
import type { Usage } from '../processes/instruments.ts';
import type { Server } from '../processes/stage.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** One server with the question that it is asked. */
export interface Contestant {
  readonly name: string;
  readonly server: Server;
  readonly question: Question;
}

/** How long to measure. */
export interface RoundsOptions {
  /** How many requests warm each server up. */
  readonly warmUpRequests: number;
  readonly rounds: number;
  readonly milliseconds: number;
}

/** What one contestant did in one round. */
export interface Round {
  /** Requests a second. */
  readonly perSecond: number;
  /** Milliseconds from question to answer. */
  readonly p50: number;
  readonly p99: number;
  /** The same with one connection. */
  readonly p50Alone: number;
  /** Microseconds of CPU for a request. */
  readonly cpu: number;
  /** Bytes allocated for a request on the heap of the main thread. */
  readonly allocated: number;
}

/** Warms all contestants up, then measures them in turn, each round in another order. Their rounds, in their order. */
export async function inTurn(
  contestants: readonly Contestant[],
  { warmUpRequests, rounds, milliseconds }: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly (readonly Round[])[]> {
  for (const { name, server, question } of contestants) {
    progress(`warming up: ${name}`);
    await warmUp(server, question, warmUpRequests);
  }
  const measured: Round[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (round + turn) % contestants.length;
      const contestant = contestants[index];
      if (contestant === undefined) continue;
      progress(`round ${round + 1} of ${rounds}: ${contestant.name}`);
      measured[index]?.push(await measureRound(contestant, milliseconds));
    }
  }
  return measured;
}

async function measureRound(
  { server, question }: Contestant,
  milliseconds: number,
): Promise<Round> {
  const before = await server.process.ask<Usage>('usage');
  const { requests, ...many } = await load(server, question, { milliseconds });
  const after = await server.process.ask<Usage>('usage');
  const alone = await load(server, question, { connections: 1, milliseconds: milliseconds / 5 });
  return {
    ...many,
    p50Alone: alone.p50,
    cpu: (after.cpu - before.cpu) / requests,
    allocated: (after.allocated - before.allocated) / requests,
  };
}

/** Ratios of one contestant to another, each within a round. */
export interface Ratios {
  readonly throughput: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly p50Alone: Spread;
  readonly cpu: Spread;
}

/** What a contestant did, in multiples of what another did in the same round. */
export function ratiosTo(base: readonly Round[], own: readonly Round[]): Ratios {
  const ratio = (value: (round: Round) => number) =>
    spreadOf(own.map((round, index) => value(round) / value(base[index] ?? round)));
  return {
    throughput: ratio(({ perSecond }) => perSecond),
    p50: ratio(({ p50 }) => p50),
    p99: ratio(({ p99 }) => p99),
    p50Alone: ratio(({ p50Alone }) => p50Alone),
    cpu: ratio(({ cpu }) => cpu),
  };
}

/** Absolute numbers of a contestant. */
export interface Absolutes {
  readonly perSecond: Spread;
  readonly cpuMicroseconds: Spread;
  readonly allocated: Spread;
}

/** What a contestant did, by itself. */
export function absolutesOf(rounds: readonly Round[]): Absolutes {
  return {
    perSecond: spreadOf(rounds.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: spreadOf(rounds.map(({ cpu }) => cpu)),
    allocated: spreadOf(rounds.map(({ allocated }) => allocated)),
  };
}
