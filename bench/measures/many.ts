// Many accounts in one question, with an upstream that takes its time: how long, and at what cost, beside the floor
// making the same calls.
import { warmUp } from '../load/load.ts';
import type { Question, Questions, Sent } from '../load/question.ts';
import type { Memory, Usage } from '../processes/instruments.ts';
import type { Server, Stage } from '../processes/stage.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { dataOf, expectSame } from './check.ts';
import type { RoundsOptions } from './rounds.ts';

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
  /** Bytes resident after the request and a garbage collection, once all rounds are over. */
  readonly rss: number;
}

/** Milliseconds before the upstream answers. */
export const latencyMilliseconds = 5;

/** Asks both servers in turn. @throws for a wrong answer, a sum that is not exact, or another number of calls. */
export async function measureMany(
  stage: Stage,
  questions: Questions,
  { warmUpRequests, rounds }: Omit<RoundsOptions, 'milliseconds'>,
  progress: (text: string) => void,
): Promise<readonly ManyResult[]> {
  const { upstream } = stage;
  const floor = await stage.other('floor');
  const gateway = await stage.gateway();
  const fields = {
    accounts: (count: number) => questions.manyAccounts(count),
    combinedMargins: (count: number) => questions.combinedMargins(count),
  };
  for (const ask of Object.values(fields)) {
    for (const server of [floor, gateway]) {
      progress(`warming up: ${server.name}`);
      await warmUp(server, ask(3), warmUpRequests);
    }
  }
  await upstream.ask('latency', latencyMilliseconds);
  const rows = Object.entries(fields).flatMap(([field, ask]) =>
    [200, 1_000].map((accounts) => ({ field, accounts, question: ask(accounts) })),
  );
  const timed: { readonly question: Question; readonly result: Omit<ManyResult, 'rss'> }[] = [];
  for (const { field, accounts, question } of rows) {
    const own: Cost[] = [];
    const base: Cost[] = [];
    // Two rounds more than are counted: connections have to open.
    for (let round = -2; round < rounds; round += 1) {
      progress(`${field} of ${accounts} accounts: round ${Math.max(round + 1, 0)} of ${rounds}`);
      // In turn, so that neither is always the second one.
      const order = round % 2 === 0 ? [floor, gateway] : [gateway, floor];
      const costs = new Map<Server, Cost>();
      for (const server of order) {
        await upstream.ask('calls');
        costs.set(server, await costOf(server, question));
        const calls = await upstream.ask<number>('calls');
        if (calls !== question.calls)
          throw new Error(`${server.name}: ${field} took ${calls} calls`);
      }
      const [floors, gateways] = [costs.get(floor), costs.get(gateway)];
      if (floors === undefined || gateways === undefined) continue;
      expectSame(gateway, gateways.data, question.right(gateways.sent));
      if (round < 0) continue;
      own.push(gateways);
      base.push(floors);
    }
    const ratio = (value: (cost: Cost) => number) =>
      spreadOf(own.map((cost, index) => value(cost) / value(base[index] ?? cost)));
    const result = {
      field,
      accounts,
      calls: question.calls,
      milliseconds: spreadOf(own.map(({ milliseconds }) => milliseconds)),
      time: ratio(({ milliseconds }) => milliseconds),
      cpu: ratio(({ cpu }) => cpu),
    };
    timed.push({ question, result });
  }
  // After all rounds: a forced collection also discards compiled code, so that the rounds after it would cost more.
  const results: ManyResult[] = [];
  for (const { question, result } of timed) {
    await costOf(gateway, question);
    const { rss } = await gateway.process.ask<Memory>('memory');
    results.push({ ...result, rss });
  }
  await upstream.ask('latency', 0);
  return results;
}

interface Cost {
  readonly sent: Sent;
  readonly data: unknown;
  readonly milliseconds: number;
  readonly cpu: number;
}

async function costOf(server: Server, question: Question): Promise<Cost> {
  const sent = question.next();
  const before = await server.process.ask<Usage>('usage');
  const begin = performance.now();
  const data = await dataOf(server, question, sent);
  const milliseconds = performance.now() - begin;
  const after = await server.process.ask<Usage>('usage');
  return { sent, data, milliseconds, cpu: after.cpu - before.cpu };
}
