// What the rate log asks of Redis, each answered in time or given up, and never sent after it was given up.
import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { within } from '../../../../shared/within.ts';
import type { RedisClient } from '../../redis/commands.ts';
import { countedMilliseconds, longestWayMilliseconds, type Start, type Usage } from './rate-log.ts';
import { beatScript, countScript, leaveScript } from './redis-scripts.ts';
import {
  type Beat,
  type BeatAnswer,
  countsMilliseconds,
  promisedMilliseconds,
  type Room,
} from './redis-share.ts';

/** What is needed of a Redis client: runs a script, and rejects while there is no connection. */
export type RedisScripts = Pick<RedisClient, 'eval'>;

/** How Redis is asked. */
export interface RedisCountsOptions {
  /** The most calls per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for an answer. */
  readonly patienceMilliseconds: number;
  /** How long a replica that has lost Redis uses its share, in milliseconds. */
  readonly shareMilliseconds: number;
  /** The most replicas in the table. */
  readonly maxReplicas: number;
  /** Called whenever Redis gives no answer. */
  readonly onLost: () => void;
}

const tableKey = 'kite-graphql:rate:replicas';

/** Milliseconds between grant and sending that are not worth telling Redis of: its own are not finer. */
const smallDelay = 2;
/** Milliseconds for which Redis is left alone after it failed, so that not every call pays for the attempt. */
export const pauseMilliseconds = 1_000;
/** Milliseconds after which a start that is not sent is counted anew, and after which Redis is told again what it did not hear. */
const renewal = 500;
/** How often Redis is told of a start that was sent, or has ended, until it has heard: then the start counts no longer. */
const timesReported = 1 + Math.ceil(countsMilliseconds / renewal);

/** By how much the times for which replicas use their shares may differ, while a setting is changed. */
const shareTolerance = 10;

const beatReply = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
]);

/** The counts and the table of replicas in Redis. No method rejects. */
export class RedisCounts {
  readonly #redis: RedisScripts;
  readonly #options: RedisCountsOptions;
  /** The name of this replica. */
  readonly #name = randomUUID();
  #starts = 0;
  #awayUntil = 0;

  constructor(redis: RedisScripts, options: RedisCountsOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  /** Sends a beat; null where Redis gave no answer. */
  async beat({ turn, share, from, until, expected }: Beat): Promise<BeatAnswer | null> {
    const { limit, maxReplicas, shareMilliseconds } = this.#options;
    const bounds = [maxReplicas, promisedMilliseconds + shareTolerance * shareMilliseconds];
    const words = [this.#name, turn, share, from, until, expected, limit, ...bounds];
    const { data } = beatReply.safeParse(await this.#run(beatScript, [tableKey], words));
    if (data === undefined) return null;
    const [now, given, isKnown, others] = data;
    return {
      now,
      share: given,
      isKnown: isKnown === 1,
      others: others.map(([of, starts, ends, all]) => {
        return { share: of, from: starts, until: ends, expected: all };
      }),
    };
  }

  /** Takes this replica out of the table. */
  async leave(): Promise<void> {
    await this.#run(leaveScript, [tableKey], [this.#name]);
  }

  /** Asks for a start; else in how many milliseconds it is worth asking again. */
  async start(apiKey: string, room: Room): Promise<Start | number> {
    const of = this.#next();
    const askedAt = performance.now();
    const answer = await this.#count(apiKey, room.limit, 'start', of, room.before);
    const [wait] = Array.isArray(answer) ? answer : [];
    if (typeof wait !== 'number' || wait < 0) return 1;
    if (wait > 0) return wait;
    const start = this.#reporting(apiKey, of, askedAt, startedAt(answer));
    if (performance.now() - askedAt < longestWayMilliseconds) return start;
    // This process was held up: what it was granted may not count any more when it is used.
    start.ended();
    return 1;
  }

  /** Tells of a start that Redis is not asked for. @param onDone called once Redis knows it, or gave no answer. */
  note(apiKey: string, onDone: () => void): Start {
    const of = this.#next();
    const askedAt = performance.now();
    const noted = this.#count(apiKey, this.#options.limit, 'note', of).then((answer) => {
      onDone();
      return startedAt(answer);
    });
    return this.#reporting(apiKey, of, askedAt, noted);
  }

  /** Lets nothing of an app start for so long. */
  close(apiKey: string, milliseconds: number): void {
    void this.#count(apiKey, this.#options.limit, 'close', Math.ceil(milliseconds));
  }

  /** What an app has used of its window; null where Redis gave no answer. */
  async usage(apiKey: string): Promise<Usage | null> {
    const answer = await this.#count(apiKey, this.#options.limit, 'usage');
    const [used, closedMilliseconds] = Array.isArray(answer) ? answer : [];
    const isRead = typeof used === 'number' && typeof closedMilliseconds === 'number';
    return isRead ? { used, closedMilliseconds } : null;
  }

  #next(): string {
    this.#starts += 1;
    return `${this.#name} ${this.#starts}`;
  }

  /**
   * Tells Redis what becomes of a start.
   * @param askedAt the time before which it does not count.
   * @param started when it counts from, in Redis's time; null where Redis does not know it.
   */
  #reporting(
    apiKey: string,
    of: string,
    askedAt: number,
    started: number | null | Promise<number | null>,
  ): Start {
    let sentAfter = 0;
    const sinceAsked = () => Math.ceil(performance.now() - askedAt);
    /** Whether Redis has heard it. A start that it did not know counts from when it hears of it. */
    const report = async (verb: 'sent' | 'ended', after: number) => {
      const at = await started;
      const time = at === null ? [] : [at + after];
      return (await this.#count(apiKey, this.#options.limit, verb, of, ...time)) !== null;
    };
    // Redis stops counting what is on its way for too long, or has lost its memory; this has not left yet.
    let reporting = setInterval(() => void report('sent', sinceAsked()), renewal).unref();
    const settle = (verb: 'sent' | 'ended', after: number) => {
      clearInterval(reporting);
      let reports = 0;
      const tell = async () => {
        reports += 1;
        if ((await report(verb, after)) || reports >= timesReported) clearInterval(telling);
      };
      const telling = setInterval(() => void tell(), renewal).unref();
      reporting = telling;
      void tell();
    };
    return {
      sent() {
        clearInterval(reporting);
        sentAfter = sinceAsked();
        if (sentAfter > smallDelay) settle('sent', sentAfter);
      },
      ended() {
        settle('ended', Math.min(sinceAsked(), sentAfter + longestWayMilliseconds));
      },
    };
  }

  #count(apiKey: string, max: number, ...verb: (string | number)[]): Promise<unknown> {
    const words = [countedMilliseconds, longestWayMilliseconds, max, ...verb];
    return this.#run(countScript, keysOf(apiKey), words);
  }

  /** A script's answer; null where Redis gave none. */
  async #run(script: string, keys: string[], args: (string | number)[]): Promise<unknown> {
    if (performance.now() < this.#awayUntil) return null;
    const input = { keys, arguments: args.map(String) };
    try {
      return await within(this.#options.patienceMilliseconds, (abortSignal) =>
        this.#redis.eval(script, input, { abortSignal }),
      );
    } catch {
      this.#awayUntil = performance.now() + pauseMilliseconds;
      this.#options.onLost();
      return null;
    }
  }
}

/** When a start counts from; null where Redis gave no answer. */
function startedAt(answer: unknown): number | null {
  const [, at] = Array.isArray(answer) ? answer : [];
  return typeof at === 'number' ? at : null;
}

/** Keys hold no api_key: a Redis that others can look into need not tell whose apps there are. */
function keysOf(apiKey: string): string[] {
  const app = hash('sha256', apiKey, 'base64url');
  return ['under-way', 'ended', 'closed'].map((noun) => `kite-graphql:rate:{${app}}:${noun}`);
}
