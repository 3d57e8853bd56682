// Many accounts in one question, with an upstream that takes its time: how long, and at what cost, beside the floor
// making the same calls.
import type { Memory, Usage } from '../instruments.ts';
import { accountsIn, type Question, type Questions, sumsOver } from '../question.ts';
import type { Server, Stage } from '../servers.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { answerOf, expectSame } from './check.ts';

/** What came of one question. */
export interface ManyResult {
  /** The field asked for. */
  readonly field: string;
  readonly accounts: number;
  /** Calls upstream for one request, as counted there. */
  readonly calls: number;
  /** Milliseconds from question to answer. */
  readonly milliseconds: Spread;
  /** In multiples of the floor's, in the same round. */
  readonly time: Spread;
  readonly cpu: Spread;
  /** Bytes resident after all rounds and a garbage collection. */
  readonly rss: number;
}

/** How many calls a right answer takes for each account, and what is right in it. */
interface Case {
  readonly field: string;
  readonly callsForEach: number;
  readonly ask: (count: number) => Question;
  readonly right: (authorization: string) => unknown;
}

/** Milliseconds before the upstream answers. */
export const latencyMilliseconds = 5;

/** Asks both servers in turn. @throws for a wrong answer, a sum that is not exact, or a call too many. */
export async function measureMany(
  { upstream, floor, gateway }: Stage,
  questions: Questions,
  rounds: number,
  progress: (text: string) => void,
): Promise<readonly ManyResult[]> {
  const cases: readonly Case[] = [
    {
      field: 'accounts',
      callsForEach: 2,
      ask: (count) => questions.manyAccounts(count),
      right: (authorization) => ({ accounts: accountsIn(authorization) }),
    },
    {
      field: 'combinedMargins',
      callsForEach: 1,
      ask: (count) => questions.combinedMargins(count),
      right: (authorization) => ({ combinedMargins: combined(authorization) }),
    },
  ];
  await upstream.ask('latency', latencyMilliseconds);
  const results: ManyResult[] = [];
  for (const { field, callsForEach, ask, right } of cases) {
    for (const count of [200, 1_000]) {
      const question = ask(count);
      const own: Cost[] = [];
      const base: Cost[] = [];
      // Two rounds more than are counted: code and connections have to warm up.
      for (let round = -2; round < rounds; round += 1) {
        progress(`${field} of ${count} accounts: round ${Math.max(round + 1, 0)} of ${rounds}`);
        const floors = await costOf(floor, question);
        await upstream.ask('calls');
        const gateways = await costOf(gateway, question);
        const calls = await upstream.ask<number>('calls');
        if (calls !== callsForEach * count) throw new Error(`${field} took ${calls} calls`);
        expectSame(gateway, gateways.data, right(gateways.authorization));
        if (round < 0) continue;
        own.push(gateways);
        base.push(floors);
      }
      const ratio = (value: (cost: Cost) => number) =>
        spreadOf(own.map((cost, index) => value(cost) / value(base[index] ?? cost)));
      const { rss } = await gateway.process.ask<Memory>('memory');
      results.push({
        field,
        accounts: count,
        calls: callsForEach * count,
        milliseconds: spreadOf(own.map(({ milliseconds }) => milliseconds)),
        time: ratio(({ milliseconds }) => milliseconds),
        cpu: ratio(({ cpu }) => cpu),
        rss,
      });
    }
  }
  await upstream.ask('latency', 0);
  return results;
}

interface Cost {
  readonly authorization: string;
  readonly data: unknown;
  readonly milliseconds: number;
  readonly cpu: number;
}

async function costOf(server: Server, question: Question): Promise<Cost> {
  const authorization = question.authorization();
  const before = await server.process.ask<Usage>('usage');
  const begin = performance.now();
  const data = await answerOf(server, question, authorization);
  const milliseconds = performance.now() - begin;
  const after = await server.process.ask<Usage>('usage');
  return { authorization, data, milliseconds, cpu: after.cpu - before.cpu };
}

function combined(authorization: string) {
  const { total, equity, commodity } = sumsOver(authorization);
  return {
    total: { net: total },
    equity: { net: equity },
    commodity: { net: commodity },
    failures: [],
  };
}
