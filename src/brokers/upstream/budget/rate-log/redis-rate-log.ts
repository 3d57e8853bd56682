// The rate log that all replicas share, in Redis: one script, by Redis's own clock. A replica that has lost Redis uses its
// share; redis-share.ts says why all of them together keep to the limit.
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { RedisClient } from '../../redis/commands.ts';
import { createMemoryRateLog } from './memory-rate-log.ts';
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  type Start,
  type Usage,
} from './rate-log.ts';
import { beatScript, countScript, leaveScript } from './redis-scripts.ts';
import { type Beat, type BeatAnswer, countsMilliseconds, RedisShare } from './redis-share.ts';

/** What is needed of a Redis client: runs a script, and rejects while there is no connection. */
export type RedisScripts = Pick<RedisClient, 'eval'>;

/** How a log in Redis behaves. */
export interface RedisRateLogOptions {
  /** The most calls per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for Redis before going on without it. */
  readonly patienceMilliseconds: number;
  /** How long a replica that has lost Redis uses its share, in milliseconds. */
  readonly shareMilliseconds: number;
  /** Told once whenever this replica stops counting in Redis, and when it counts there again. */
  readonly onReachable?: (state: SharedState) => void;
}

/** Whether replicas share one count. */
export interface SharedState {
  readonly isReachable: boolean;
  /** How many gateways shared the count when Redis last answered, this one included. */
  readonly replicas: number;
  /** The most calls per app in a window that this gateway allows itself meanwhile. */
  readonly limit: number;
}

/** The log, and what keeps it. */
export interface RedisRateLog extends RateLog {
  /** Says to Redis that this replica is there, and learns of the others. To be called every `beatMilliseconds`. Never rejects. */
  beat(): Promise<void>;
  /** Redis may have lost what it knew: nothing is counted there before that is over. */
  forget(): void;
  /** Takes this replica out of the table, as far as Redis can be reached. */
  leave(): Promise<void>;
}

const tableKey = 'kite-graphql:rate:replicas';

/** Milliseconds between grant and sending that are not worth telling Redis of: its own are not finer. */
const smallDelay = 2;
/** Milliseconds for which Redis is left alone after it failed, so that not every call pays for the attempt. */
const pause = 1_000;
/** Milliseconds after which a start that is not sent is counted anew. */
const renewal = 500;

const beatReply = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
]);

/** Makes a log in Redis. No call goes uncounted, and a replica that has never reached Redis starts none. */
export function createRedisRateLog(
  redis: RedisScripts,
  options: RedisRateLogOptions,
): RedisRateLog {
  const { limit, patienceMilliseconds, shareMilliseconds, onReachable } = options;
  const share = new RedisShare(limit, shareMilliseconds, () => performance.now());
  // Every call of this process, so that the limit holds where Redis alone is in the way of nothing.
  const own = createMemoryRateLog(limit);
  const alone = createMemoryRateLog(() => share.share);
  const name = randomUUID();
  const settings = [countedMilliseconds, longestWayMilliseconds].map(String);
  let starts = 0;
  let isShared = false;
  let isTold: boolean | null = null;
  let awayUntil = 0;
  let forgottenUntil = 0;
  let beating: Promise<void> | null = null;
  /** Notes that Redis has not confirmed. */
  let notes = 0;

  /** Tells once of each change. */
  function tell(isReachable: boolean): void {
    if (isTold === isReachable || (isTold === null && isReachable)) {
      isTold = isReachable;
      return;
    }
    isTold = isReachable;
    onReachable?.({
      isReachable,
      replicas: share.replicas,
      limit: isReachable ? limit : share.share,
    });
  }

  function lose(): void {
    awayUntil = performance.now() + pause;
    isShared = false;
    share.lost();
    tell(false);
  }

  /** A script's answer; null where Redis gave none. */
  async function run(script: string, keys: string[], args: (string | number)[]): Promise<unknown> {
    if (performance.now() < awayUntil) return null;
    const input = { keys, arguments: args.map(String) };
    try {
      return await within(patienceMilliseconds, (abortSignal) =>
        redis.eval(script, input, { abortSignal }),
      );
    } catch {
      lose();
      return null;
    }
  }

  function count(apiKey: string, max: number, ...verb: (string | number)[]): Promise<unknown> {
    return run(countScript, keysOf(apiKey), [...settings, max, ...verb]);
  }

  async function send(beat: Beat): Promise<boolean> {
    const { turn, share: held, from, until, expected } = beat;
    const words = [name, turn, held, from, until, expected, limit];
    const answer = beatAnswer(await run(beatScript, [tableKey], words));
    if (answer === null) return false;
    share.receive(beat, answer);
    return true;
  }

  async function beatOnce(): Promise<void> {
    // The first one asks for the time only.
    if (share.isNew && !(await send(share.beat(false)))) return;
    if (!(await send(share.beat(isShared)))) return;
    if (!isShared) share.told();
    const isSharedNow = share.isShared && notes === 0;
    if (isSharedNow === isShared) return;
    // From here on nothing starts alone, so that the next beat may say so.
    isShared = isSharedNow;
    if (!isShared || (await send(share.beat(true)))) tell(isShared);
  }

  /** Beats at once, or with the beat that is on its way. */
  function beat(): Promise<void> {
    beating ??= beatOnce().finally(() => {
      beating = null;
    });
    return beating;
  }

  /** Starts a call of this replica's share; Redis is told where it can be. */
  function startAlone(apiKey: string): Start | number {
    const wait = share.untilAlone();
    if (wait === null) return pause;
    if (wait > 0) return wait;
    const start = alone.start(apiKey);
    if (typeof start === 'number') return start;
    share.startedAlone();
    notes += 1;
    const of = nameNext();
    const noted = count(apiKey, limit, 'note', of).then((answer) => {
      notes -= 1;
      return startedAt(answer);
    });
    const inRedis = counted(apiKey, of, performance.now(), noted);
    let isSent = false;
    const send = () => {
      if (!isSent) share.sentAlone();
      isSent = true;
    };
    return {
      sent() {
        start.sent();
        send();
        inRedis.sent();
      },
      ended() {
        start.ended();
        send();
        inRedis.ended();
      },
    };
  }

  async function startShared(apiKey: string): Promise<Start | number> {
    const untilKnown = forgottenUntil - performance.now();
    if (untilKnown > 0) return Math.ceil(untilKnown);
    let room = share.room(patienceMilliseconds);
    if (room === null) {
      await beat();
      room = share.room(patienceMilliseconds);
    }
    if (room === null || !isShared) return 1;
    const of = nameNext();
    const askedAt = performance.now();
    const answer = await count(apiKey, room.limit, 'start', of, room.before);
    const [wait] = Array.isArray(answer) ? answer : [];
    if (typeof wait !== 'number' || wait < 0) return 1;
    if (wait > 0) return wait;
    const start = counted(apiKey, of, askedAt, startedAt(answer));
    if (performance.now() - askedAt < longestWayMilliseconds) return start;
    // This process was held up: what it was granted may not count any more when it is used.
    start.ended();
    return 1;
  }

  function nameNext(): string {
    starts += 1;
    return `${name} ${starts}`;
  }

  /** What Redis is told of a start. @param askedAt before which it cannot have counted. @param started when it counts from, in Redis's time; null: Redis does not know it. */
  function counted(
    apiKey: string,
    of: string,
    askedAt: number,
    started: number | null | Promise<number | null>,
  ): Start {
    let sentAfter = 0;
    const sinceAsked = () => Math.ceil(performance.now() - askedAt);
    const report = async (verb: 'sent' | 'ended', after: number) => {
      const at = await started;
      if (at !== null) await count(apiKey, limit, verb, of, at + after);
    };
    // Redis stops counting what is on its way for too long; this has not left yet.
    const renewing = setInterval(() => void report('sent', sinceAsked()), renewal).unref();
    return {
      sent() {
        clearInterval(renewing);
        sentAfter = sinceAsked();
        if (sentAfter > smallDelay) void report('sent', sentAfter);
      },
      ended() {
        clearInterval(renewing);
        void report('ended', Math.min(sinceAsked(), sentAfter + longestWayMilliseconds));
      },
    };
  }

  async function start(apiKey: string): Promise<Start | number> {
    if (share.isNew) await beat();
    if (share.isNew) return pause;
    const ownStart = own.start(apiKey);
    if (typeof ownStart === 'number') return ownStart;
    const started = isShared ? await startShared(apiKey) : startAlone(apiKey);
    if (typeof started === 'number') {
      ownStart.cancel();
      return started;
    }
    return {
      sent() {
        ownStart.sent();
        started.sent();
      },
      ended() {
        ownStart.ended();
        started.ended();
      },
    };
  }

  async function usage(apiKey: string): Promise<Usage> {
    const answer = await count(apiKey, limit, 'usage');
    const [used, closedMilliseconds] = Array.isArray(answer) ? answer : [];
    if (typeof used !== 'number' || typeof closedMilliseconds !== 'number') {
      return own.usage(apiKey);
    }
    return { used, closedMilliseconds };
  }

  return {
    limit,
    start,
    usage,
    beat,
    forget() {
      forgottenUntil = performance.now() + countsMilliseconds;
    },
    async leave() {
      // What was started alone is covered by its share until that is over.
      if (isShared) await run(leaveScript, [tableKey], [name]);
    },
    close(apiKey, milliseconds) {
      own.close(apiKey, milliseconds);
      void count(apiKey, limit, 'close', Math.ceil(milliseconds));
    },
  };
}

/** When a start counts from; null where Redis gave no answer. */
function startedAt(answer: unknown): number | null {
  const [, at] = Array.isArray(answer) ? answer : [];
  return typeof at === 'number' ? at : null;
}

function beatAnswer(reply: unknown): BeatAnswer | null {
  const { data } = beatReply.safeParse(reply);
  if (data === undefined) return null;
  const [now, share, isKnown, others] = data;
  return {
    now,
    share,
    isKnown: isKnown === 1,
    others: others.map(([of, from, until, expected]) => ({ share: of, from, until, expected })),
  };
}

/** Keys hold no api_key: a Redis that others can look into need not tell whose apps there are. */
function keysOf(apiKey: string): string[] {
  const app = createHash('sha256').update(apiKey).digest('base64url');
  return ['under-way', 'ended', 'closed'].map((noun) => `kite-graphql:rate:{${app}}:${noun}`);
}

/** What comes in time. What comes too late is not sent any more, where it has not gone out yet. */
function within<T>(milliseconds: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('no answer in time'));
      late.abort();
    }, milliseconds);
    ask(late.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
