// One account in one question: how many of them a second, how soon, and at what cost.

import type { Memory, Usage } from '../instruments.ts';
import { load } from '../load.ts';
import type { Questions } from '../question.ts';
import type { Server, Stage } from '../servers.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** What one server did. */
export interface SingleResult {
  readonly name: string;
  /** Requests a second. */
  readonly perSecond: Spread;
  /** The same, as a share the floor's in the same round. */
  readonly throughput: Spread;
  /** Latencies, in multiples of the floor's in the same round. */
  readonly p50: Spread;
  readonly p99: Spread;
  /** The same with one connection. */
  readonly p50Alone: Spread;
  /** CPU for a request, in multiples of the floor's in the same round. */
  readonly cpu: Spread;
  /** Microseconds of CPU for a request. */
  readonly cpuMicroseconds: Spread;
  /** Bytes resident after all rounds and a garbage collection. */
  readonly rss: number;
}

/** How long to measure. */
export interface SingleOptions {
  readonly warmUpMilliseconds: number;
  readonly rounds: number;
  readonly milliseconds: number;
}

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p50Alone: number;
  readonly cpu: number;
}

/** Measures every server in turn, again and again, each round in another order. The floor comes first in the answer. */
export async function measureSingle(
  { floor, gateway, mercurius, apollo }: Stage,
  questions: Questions,
  { warmUpMilliseconds, rounds, milliseconds }: SingleOptions,
  progress: (text: string) => void,
): Promise<readonly SingleResult[]> {
  const servers = [floor, mercurius, gateway, apollo];
  const question = questions.oneAccount();
  for (const server of servers) {
    progress(`warming up ${server.name}`);
    await load(server, question, { connections: 32, milliseconds: warmUpMilliseconds });
  }
  const measured = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < servers.length; turn += 1) {
      const server = servers[(round + turn) % servers.length] ?? floor;
      progress(`round ${round + 1} of ${rounds}: ${server.name}`);
      const before = await server.process.ask<Usage>('usage');
      const many = await load(server, question, { connections: 32, milliseconds });
      const after = await server.process.ask<Usage>('usage');
      const alone = await load(server, question, {
        connections: 1,
        milliseconds: milliseconds / 4,
      });
      measured.get(server)?.push({
        ...many,
        p50Alone: alone.p50,
        cpu: (after.cpu - before.cpu) / many.requests,
      });
    }
  }
  return Promise.all(
    servers.map(async (server) => {
      const own = measured.get(server) ?? [];
      const base = measured.get(floor) ?? [];
      const ofFloor = (value: (round: Round) => number) =>
        spreadOf(own.map((round, index) => value(round) / value(base[index] ?? round)));
      const { rss } = await server.process.ask<Memory>('memory');
      return {
        name: server.name,
        perSecond: spreadOf(own.map(({ perSecond }) => perSecond)),
        throughput: ofFloor(({ perSecond }) => perSecond),
        p50: ofFloor(({ p50 }) => p50),
        p99: ofFloor(({ p99 }) => p99),
        p50Alone: ofFloor(({ p50Alone }) => p50Alone),
        cpu: ofFloor(({ cpu }) => cpu),
        cpuMicroseconds: spreadOf(own.map(({ cpu }) => cpu)),
        rss,
      };
    }),
  );
}
