// What one client address may send: requests at once and a minute, and open streams. A request beyond them is refused
// when only its head has been read.
import { GraphQLError } from 'graphql';
import { finalAsyncIterator, isAsyncIterable } from 'graphql-yoga';
import type { Limits } from '../../limits.ts';
import { addTo } from '../../shared/counts.ts';
import type { Answered, ResultStep } from '../plugins/results.ts';
import { isLoopbackAddress, networkOf } from '../request/client-info.ts';
import type { Refusal } from '../request/refusal.ts';
import type { MinuteLimit, MinuteLimits } from './minute-limits.ts';

/** What the limits are made from. */
export interface AddressLimitsOptions {
  readonly limits: Limits;
  readonly minutes: MinuteLimits;
  /** Whether the addresses are those of clients, and not of a proxy on this machine. */
  readonly trustProxy: boolean;
}

/** Where a request that is in progress keeps what it counts for. */
const countedFor = Symbol('countedFor');

interface Carrier {
  [countedFor]?: string | undefined;
}

/** Counts what each client address sends. */
export class AddressLimits {
  readonly #options: AddressLimitsOptions;
  readonly #minute: MinuteLimit;
  readonly #inProgress = new Map<string, number>();
  readonly #streams = new Map<string, number>();

  constructor(options: AddressLimitsOptions) {
    this.#options = options;
    this.#minute = options.minutes.limit('address', options.limits.addressOperationsPerMinute);
  }

  /**
   * Counts a request, which is in progress until it leaves; one that is refused has left.
   * @param request of `node:http`, or of fetch where that is how it came.
   * @returns why it is refused: 503 for too many at once, 429 for too many a minute. Never rejects.
   */
  enter(request: object, ipAddress: string | null): Refusal | null | Promise<Refusal | null> {
    const { limits, trustProxy } = this.#options;
    const key = ipAddress === null ? 'unknown' : networkOf(ipAddress);
    if ((this.#inProgress.get(key) ?? 0) >= limits.addressOperations) return tooManyAtOnce;
    addTo(this.#inProgress, key, 1);
    (request as Carrier)[countedFor] = key;
    // A peer on this machine is the operator, or a proxy whose users would all count as one.
    if (!trustProxy && ipAddress !== null && isLoopbackAddress(ipAddress)) return null;
    const wait = this.#minute(key);
    return typeof wait === 'number'
      ? this.#judged(request, wait)
      : wait.then((seconds) => this.#judged(request, seconds));
  }

  /** Whether a request has been counted and is in progress. */
  has(request: object): boolean {
    return (request as Carrier)[countedFor] !== undefined;
  }

  /** Ends a request; the second time, nothing happens. */
  leave(request: object): void {
    const key = (request as Carrier)[countedFor];
    if (key === undefined) return;
    (request as Carrier)[countedFor] = undefined;
    addTo(this.#inProgress, key, -1);
  }

  /** From here on an answer that is a stream counts as a stream, and no longer as a request in progress. */
  readonly step: ResultStep = (result, answered) => {
    if (!isAsyncIterable(result)) return result;
    const carrier = carrierOf(answered);
    const key = (carrier as Carrier)[countedFor];
    this.leave(carrier);
    if (key === undefined) return result;
    if ((this.#streams.get(key) ?? 0) >= this.#options.limits.addressStreams) {
      void result[Symbol.asyncIterator]().return?.(undefined);
      return { errors: [tooManyStreams()] };
    }
    addTo(this.#streams, key, 1);
    return finalAsyncIterator(result[Symbol.asyncIterator]() as AsyncIterableIterator<object>, () =>
      addTo(this.#streams, key, -1),
    );
  };

  #judged(request: object, seconds: number): Refusal | null {
    if (seconds === 0) return null;
    this.leave(request);
    return tooManyAMinute(seconds);
  }
}

/** The request by which an operation was counted: that of `node:http` where there is one. */
export function carrierOf({ request, serverContext }: Answered): object {
  const { req } = (serverContext ?? {}) as { readonly req?: object | null };
  return req != null && countedFor in req ? req : request;
}

const tooManyAtOnce = overload(503, 1, 'Too many requests of this address are in progress');

function tooManyAMinute(seconds: number): Refusal {
  return overload(429, seconds, 'This address has sent too many requests in the last minute');
}

function overload(status: number, seconds: number, reason: string): Refusal {
  const unit = seconds === 1 ? 'second' : 'seconds';
  const message = `${reason}: retry in ${seconds} ${unit}.`;
  return { status, message, code: 'RATE_LIMITED', retryAfterSeconds: seconds };
}

function tooManyStreams(): GraphQLError {
  const { message, retryAfterSeconds } = overload(
    503,
    60,
    'This address has too many open streams',
  );
  const http = { status: 503, headers: { 'retry-after': `${retryAfterSeconds}` } };
  return new GraphQLError(message, {
    extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterSeconds, http },
  });
}
