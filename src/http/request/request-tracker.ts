// What the gateway remembers of a request while it lasts: its id, times, accepted types, cookies for the answer, operation
// and context.
import { randomUUID } from 'node:crypto';
import type { OperationDefinitionNode } from 'graphql';
import type { Context } from '../../context.ts';
import { type Accepted, readAccept } from './accept.ts';

/** One request as the logs know it. */
export interface TrackedRequest {
  /** The caller's X-Request-Id where it sent a sane one, else a new UUID. */
  readonly id: string;
  /** When the request was first seen, in milliseconds of a clock that never jumps. */
  readonly startedAt: number;
  /** Set-Cookie lines for the answer; each handler of the request may add lines. */
  readonly setCookies: string[];
  /** What the request's own Accept header asks for. */
  readonly accepted: Accepted;
  /** The operation's name as it was sent, which may be anything. */
  operationName: unknown;
  /** The operation that is executed; null before it is known, and where the request is refused. */
  operation: OperationDefinitionNode | null;
  /** The context of its operation; null until there is one. */
  context: Context | null;
  /** Whether its result has been through the steps that every result takes. */
  isFinished: boolean;
}

/** Looks requests up; the same request always gives the same answer. */
export type RequestTracker = (request: Request) => TrackedRequest;

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** The id of a request: the X-Request-Id that it was sent with, where that is a sane one, else a new one. */
export function requestIdOf(given: string | readonly string[] | null | undefined): string {
  return typeof given === 'string' && sane.test(given) ? given : randomUUID();
}

/** Makes a tracker. It holds nothing that outlives the requests. */
export function createRequestTracker(): RequestTracker {
  // Kept with the request itself: a WeakMap of thousands of requests a second is what the garbage collector is slow at.
  const key = Symbol('tracked');
  return (request: Request & { [key]?: TrackedRequest }) => {
    request[key] ??= {
      id: requestIdOf(request.headers.get('x-request-id')),
      startedAt: performance.now(),
      setCookies: [],
      accepted: readAccept(request.headers.get('accept')),
      operationName: undefined,
      operation: null,
      context: null,
      isFinished: false,
    };
    return request[key];
  };
}
