// Load: so many connections, each asking again as soon as it has its answer.
import type { Server } from '../processes/stage.ts';
import { Connection, statusOf } from './connection.ts';
import type { Question } from './question.ts';

/** What a load measured. */
export interface Load {
  readonly requests: number;
  /** Requests answered in a second. */
  readonly perSecond: number;
  /** Milliseconds from question to answer. */
  readonly p50: number;
  readonly p99: number;
}

/** How much to ask. */
export interface LoadOptions {
  /** How many ask at once. Default 32. */
  readonly connections?: number;
  /** How long. */
  readonly milliseconds: number;
}

/** How many connections ask at once where nothing else is said. */
export const usualConnections = 32;

/** Asks for a time. @throws when an answer has another status than the right one, or errors where it should have none. */
export async function load(
  server: Server,
  question: Question,
  { connections = usualConnections, milliseconds }: LoadOptions,
): Promise<Load> {
  const latencies: number[] = [];
  const clients = Array.from({ length: connections }, () => new Connection(server, question));
  const begin = performance.now();
  const end = begin + milliseconds;
  try {
    await Promise.all(
      clients.map(async (client) => {
        for (let asked = performance.now(); asked < end; ) {
          const response = await client.ask();
          const answered = performance.now();
          latencies.push(answered - asked);
          asked = answered;
          if (!isGood(response, question)) {
            throw new Error(`${server.name} answered ${response.toString()}`);
          }
        }
      }),
    );
  } finally {
    for (const client of clients) client.close();
  }
  const seconds = (performance.now() - begin) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return {
    requests: sorted.length,
    perSecond: sorted.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
  };
}

/** The longest warm-up, in milliseconds. */
const maxWarmUp = 10_000;

/** Asks so many times that code is compiled and connections are open. @throws as {@link load} does. */
export async function warmUp(server: Server, question: Question, requests: number): Promise<void> {
  const end = performance.now() + maxWarmUp;
  for (let asked = 0; asked < requests && performance.now() < end; ) {
    asked += (await load(server, question, { milliseconds: 500 })).requests;
  }
}

function isGood(response: Buffer, { status = 200, hasErrors = false }: Question): boolean {
  return statusOf(response) === status && response.includes('"errors"') === hasErrors;
}
