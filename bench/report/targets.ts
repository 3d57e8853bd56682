// The targets of the gateway's speed, and whether a run meets them.
import type { RequestKind } from '../measures/requests.ts';
import { gatewayName } from '../processes/stage.ts';
import type { Measured, Results } from '../results.ts';
import type { Spread } from '../statistics.ts';
import { fixed, spread } from './numbers.ts';
import { table } from './table.ts';

/** One target. */
export interface Target {
  readonly name: string;
  /** The measure that measures it. */
  readonly by: keyof Measured;
  readonly must: number;
  readonly aim: number;
  /** Whether less is better. */
  readonly isMost: boolean;
  /** Undefined where a run did not measure it, as on a machine without Redis. */
  readonly measured: Spread | undefined;
}

/** The share of the floor's throughput that one account in each request must have. */
export const mustThroughput = 0.5;

/** The most CPU of a thousand accounts in one request, of the floor's. */
export const mustCpuOfMany = 1.8;

/** The targets of the measures that ran. */
export function targets(results: Results): readonly Target[] {
  const { single, requests, many, parts, keyring } = results;
  const gateway = single?.find(({ name }) => name === gatewayName);
  const request = (kind: RequestKind) => requests?.find((each) => each.kind === kind)?.throughput;
  const cpuOf = (field: string) =>
    many?.find((each) => each.field === field && each.accounts === 1_000)?.cpu;
  const browser = (store: string) => keyring?.find((each) => each.store === store)?.throughput;
  const all: readonly Target[] = [
    {
      name: 'throughput, of the floor’s',
      ...{ by: 'single', must: mustThroughput, aim: 0.75, isMost: false },
      measured: gateway?.throughput,
    },
    {
      name: 'the same with variables, fragments and `@include`',
      ...{ by: 'requests', must: 0.4, aim: 0.65, isMost: false },
      measured: request('fragments'),
    },
    {
      name: 'the same with one failed account in the answer',
      ...{ by: 'requests', must: 0.4, aim: 0.65, isMost: false },
      measured: request('failed account'),
    },
    {
      name: 'p99 at 32 connections, of the floor’s',
      ...{ by: 'single', must: 2.5, aim: 1.6, isMost: true },
      measured: gateway?.p99,
    },
    {
      name: 'CPU of `accounts` with 1,000, of the floor’s',
      ...{ by: 'many', must: mustCpuOfMany, aim: 1.4, isMost: true },
      measured: cpuOf('accounts'),
    },
    {
      name: 'CPU of `combinedMargins` of 1,000, of the floor’s',
      ...{ by: 'many', must: mustCpuOfMany, aim: 1.4, isMost: true },
      measured: cpuOf('combinedMargins'),
    },
    {
      name: 'memory for a request without sockets, KiB',
      ...{ by: 'parts', must: 20, aim: 12, isMost: true },
      measured: inKibibytes(parts?.at(-1)?.memory),
    },
    {
      name: 'throughput of a keyring on SQLite, of a header’s',
      ...{ by: 'keyring', must: 0.6, aim: 0.85, isMost: false },
      measured: browser('SQLite'),
    },
    {
      name: 'throughput of a keyring on Redis, of a header’s',
      ...{ by: 'keyring', must: 0.6, aim: 0.85, isMost: false },
      measured: browser('Redis'),
    },
  ];
  return all.filter(({ by }) => results[by] !== undefined);
}

/** The targets as a sentence and a table. */
export function targetsReport(all: readonly Target[]): string {
  const met = all.filter((target) => reaches(target, target.must));
  const [first] = all;
  const throughput =
    first?.by === 'single'
      ? [
          `The target is ${fixed(first.must)} of the floor’s throughput: ${fixed(first.measured?.median ?? 0)}, ${outcome(first)}.`,
        ]
      : [];
  return [
    [
      ...throughput,
      `This run meets ${met.length} of ${all.length} targets. A target counts by its median.`,
    ].join(' '),
    table([
      ['target', 'must', 'aim', 'measured', 'result'],
      ...all.map((target) => [
        target.name,
        `${target.isMost ? '≤' : '≥'} ${fixed(target.must)}`,
        fixed(target.aim),
        target.measured === undefined ? '–' : spread(target.measured),
        outcome(target),
      ]),
    ]),
  ].join('\n\n');
}

function outcome(target: Target): string {
  if (target.measured === undefined) return 'not measured';
  if (!reaches(target, target.must)) return 'missed';
  return reaches(target, target.aim) ? 'met, and the aim' : 'met';
}

function reaches({ isMost, measured }: Target, value: number): boolean {
  const median = measured?.median ?? Number.NaN;
  return isMost ? median <= value : median >= value;
}

function inKibibytes(bytes: Spread | undefined): Spread | undefined {
  if (bytes === undefined) return undefined;
  const { median, low, high } = bytes;
  return { median: median / 1_024, low: low / 1_024, high: high / 1_024 };
}
