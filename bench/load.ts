// Load: so many connections, each asking again as soon as it has its answer.
import { Connection } from './connection.ts';
import type { Question } from './question.ts';
import type { Server } from './servers.ts';

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
  readonly connections: number;
  readonly milliseconds: number;
}

/** Asks for so long; every answer must be 200 and without errors. @throws when one is not. */
export async function load(
  server: Server,
  question: Question,
  { connections, milliseconds }: LoadOptions,
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
          if (!isGood(response)) throw new Error(`${server.name} answered ${response.toString()}`);
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

function isGood(response: Buffer): boolean {
  return response.toString('latin1', 9, 12) === '200' && !response.includes('"errors"');
}
