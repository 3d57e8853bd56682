// Measures a fault: what was answered and lost, what it cost the gateway, and what a user beside it noticed.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { GatewayProcess } from '../gateways/processes.ts';
import { sendJson } from '../gateways/sender.ts';
import { note } from './note.ts';
import type { FaultRow } from './table.ts';
import { cpuOf, handlesOf, memoryOf } from './usage.ts';

/** Megabytes that the process may keep after a fault: heaps grow to what they once needed, and give it back slowly. */
const keptMegabytes = 200;
/** Handles that it may keep: connections to clients that may ask again, and what its runtime opens when it is needed. */
const keptHandles = 10;
/** Idle connections to brokers: as many as calls may be in flight, and what bursts add. */
const keptConnections = 512;

/** How many requests got which answer. */
export type Answers = ReadonlyMap<string, number>;

/** What a fault came to. */
export interface Outcome {
  readonly answers: Answers;
  /** What should have been answered or kept, and was not. */
  readonly lost?: readonly string[];
  /** What else was measured, in words. */
  readonly measured?: readonly string[];
}

/** What is measured. */
export interface Measured {
  /** The fault, and what is sent. */
  readonly sent: string;
  readonly gateway: GatewayProcess;
  /** Where the brokers listen. */
  readonly brokerPorts: readonly number[];
  /** The calls that the brokers have received since it was asked last. */
  readonly brokerCalls?: () => Promise<number>;
  /** Asks as a user whom the fault does not concern; the failure, or null. */
  readonly user?: () => Promise<string | null>;
  /** Default: {@link keptMegabytes}. */
  readonly kept?: number;
}

/**
 * Runs a fault, five times a second a query of a user beside it, and notes a row. Fails when the process ends, when a
 * query of that user fails, when something is lost, or when memory or handles do not come back.
 */
export async function measure(
  measured: Measured,
  fault: () => Promise<Outcome>,
): Promise<FaultRow> {
  const { sent, gateway, brokerCalls, user: ask, kept = keptMegabytes } = measured;
  const { pid } = gateway;
  const handles = () => handlesOf(pid, measured.brokerPorts);
  await ask?.();
  await brokerCalls?.();
  const before = { memory: memoryOf(pid), handles: handles().own, cpu: cpuOf(pid) };
  let peak = before.memory;
  let isOver = false;
  const watch = (async () => {
    while (!isOver) {
      peak = Math.max(peak, memoryOf(pid));
      await sleep(50);
    }
  })();
  const waits: number[] = [];
  const failures: string[] = [];
  const user = (async () => {
    if (!ask) return;
    do {
      const began = performance.now();
      const failure = await ask();
      waits.push(performance.now() - began);
      if (failure !== null) failures.push(failure);
      await sleep(200);
    } while (!isOver);
  })();
  const {
    answers,
    lost = [],
    measured: more = [],
  } = await fault().finally(() => {
    isOver = true;
  });
  await Promise.all([watch, user]);
  expect(gateway.process.exitCode).toBe(null);
  const calls = (await brokerCalls?.()) ?? null;
  const cpu = cpuOf(pid) - before.cpu;
  const isBack = () =>
    memoryOf(pid) <= before.memory + kept && handles().own <= before.handles + keptHandles;
  for (let looks = 0; looks < 60 && !isBack(); looks += 1) {
    // Garbage is collected when a process is idle, or when ordinary requests allocate again.
    if (looks % 10 === 9) await ask?.();
    await sleep(500);
  }
  const { own, toBrokers } = handles();
  const row: FaultRow = {
    sent,
    answered: [told(answers), ...more].join('; '),
    lost,
    brokerCalls: calls,
    cpuMilliseconds: Math.round(cpu),
    peakMegabytes: peak,
    user: ask
      ? {
          answers: `${waits.length - failures.length} of ${waits.length}`,
          slowestMilliseconds: Math.round(Math.max(...waits)),
        }
      : null,
    memory: { before: before.memory, after: memoryOf(pid) },
    handles: { before: before.handles, after: own },
    toBrokers,
  };
  note(row);
  expect(failures).toEqual([]);
  expect(lost).toEqual([]);
  expect(row.memory.after).toBeLessThanOrEqual(before.memory + kept);
  expect(row.handles.after).toBeLessThanOrEqual(before.handles + keptHandles);
  expect(toBrokers).toBeLessThanOrEqual(keptConnections);
  return row;
}

/** Counts as words, the most frequent first. */
export function told(answers: Answers): string {
  return [...answers]
    .toSorted(([, one], [, other]) => other - one)
    .map(([answer, count]) => `${count} × ${answer}`)
    .join(', ');
}

/** Counts answers. */
export function counted(answers: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return counts;
}

/** An ordinary user of Kite, who asks for one account. */
export function ordinaryUser(url: string): () => Promise<string | null> {
  const query = '{ account { user { userId } } }';
  const headers = {
    authorization: 'token simulator:SIM0001-token',
    'x-forwarded-for': '198.51.100.1',
  };
  return async () => {
    try {
      const { status, text } = await sendJson(url, { query, headers });
      return text.includes('"userId":"SIM0001"') ? null : `${status} ${text.slice(0, 300)}`;
    } catch (error) {
      return String(error);
    }
  };
}
