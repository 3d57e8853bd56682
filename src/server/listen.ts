// Listening: on one address or on both loopback addresses, and closing in good order.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { type Logger, pino } from 'pino';
import { FailureLog } from '../http/limits/failure-log.ts';
import { refusals, refuse } from '../http/request/refusal.ts';
import { requestIdOf } from '../http/request/request-tracker.ts';
import { type Limits, withDefaultLimits } from '../limits.ts';
import { onAnswerOver } from './answer-over.ts';
import { Connections, type DueAnswer } from './connections.ts';
import { type MalformedRequestListener, rejectMalformedRequest } from './malformed-request.ts';
import { createRareLog } from './rare-log.ts';

/** A running server. */
export interface Listening {
  /** The port, which the system chose where 0 was asked for. */
  readonly port: number;
  /**
   * Stops accepting, lets what is in flight finish for at most `graceMilliseconds`, then cuts it off.
   * @param now cuts it off at once when it fires.
   * @returns the ids of the requests that were cut off.
   */
  close(graceMilliseconds: number, now?: AbortSignal): Promise<readonly string[]>;
}

/** How a server listens. */
export interface ListenOptions {
  /** Told of each request that was refused because it was no HTTP. */
  readonly onUnreadable?: MalformedRequestListener;
  /** Bounds on connections. Default: as docs/limits.md lists them. */
  readonly limits?: Partial<Limits>;
  /** Whether all connections come from a proxy, so that an address tells nothing of who is behind it. */
  readonly trustProxy?: boolean;
  /** Where to log. Default: nowhere. */
  readonly log?: Logger;
}

const loopback = ['127.0.0.1', '::1'];

/**
 * Listens on `host`, or on every loopback address that this machine has.
 * @throws the system's error, such as EADDRINUSE, with what had begun to listen closed again.
 */
export async function listen(
  handler: RequestListener,
  host: string | undefined,
  port: number,
  options: ListenOptions = {},
): Promise<Listening> {
  const { onUnreadable, log = pino({ level: 'silent' }) } = options;
  const limits = withDefaultLimits(options.limits);
  const { unreadableMilliseconds } = limits;
  const servers: Server[] = [];
  /**
   * Entries are emptied when their answer is over: tables that a Set has outgrown can outlive by far what they refer
   * to, and with thousands of answers a second that keeps the garbage collector busy.
   */
  const inFlight = new Set<DueAnswer>();
  let isClosing = false;
  const failures = new FailureLog(log, limits);
  const logFault = createRareLog(
    log,
    'Connection refused or cut off',
    limits.repeatedWarningSeconds,
  );
  const connections = new Connections({
    limits,
    countsAddresses: options.trustProxy !== true,
    onFault: (fault, requestId) => logFault(fault, { requestId }),
  });
  const cutOffAll = () => {
    for (const server of servers) server.closeAllConnections();
  };
  const tracked =
    (next: RequestListener) => (request: IncomingMessage, response: ServerResponse) => {
      // From here on the request has one id, in its answer and in every log.
      const requestId = requestIdOf(request.headers['x-request-id']);
      request.headers['x-request-id'] = requestId;
      const entry: DueAnswer = { response, requestId };
      inFlight.add(entry);
      connections.watch(request.socket, entry);
      onAnswerOver(request, response, () => {
        entry.response = null;
        inFlight.delete(entry);
        // What is left has no answer due: connections kept alive, or opened and never used.
        if (isClosing && inFlight.size === 0) cutOffAll();
      });
      if (isClosing) response.setHeader('Connection', 'close');
      next(request, response);
    };
  const refuseSocket = (error: NodeJS.ErrnoException, socket: Duplex) => {
    // In the middle of another answer on the same connection, a second one would be read as part of it.
    const isAnswering = [...inFlight].some(
      ({ response }) => response?.socket === socket && response.headersSent,
    );
    if (isAnswering || !socket.writable) socket.destroy();
    else rejectMalformedRequest(socket, error.code ?? '', unreadableMilliseconds, onUnreadable);
  };
  const serverOptions = {
    maxHeaderSize: limits.headerBytes,
    // Two headers of one name arrive as one list; Node's default drops the second without a word.
    joinDuplicateHeaders: true,
    // Node would refuse it without a body.
    requireHostHeader: false,
    keepAliveTimeout: limits.keepAliveSeconds * 1_000,
    headersTimeout: Math.min(limits.headersSeconds, limits.requestSeconds) * 1_000,
    requestTimeout: limits.requestSeconds * 1_000,
    connectionsCheckingInterval: 1_000,
  };
  const create = () => {
    const server = createServer(serverOptions, tracked(handler));
    // A credential per header is fine too; the size alone is a bound. Node's default, depending on its version,
    // refuses a thousand, or drops the rest without a word.
    server.maxHeadersCount = 0;
    server.on('connection', (socket) => {
      if (!connections.open(socket))
        rejectMalformedRequest(socket, 'CONNECTIONS', unreadableMilliseconds);
    });
    server.on('clientError', refuseSocket);
    server.on('timeout', (socket) => connections.timedOut(socket));
    server.on('connect', (_request, socket) =>
      rejectMalformedRequest(socket, 'CONNECT', unreadableMilliseconds, onUnreadable),
    );
    server.on(
      'checkExpectation',
      tracked((request, response) => {
        const { remoteAddress = null } = request.socket;
        refuse(request, response, refusals.expectation, failures, remoteAddress);
      }),
    );
    return server;
  };
  let bound = port;
  try {
    for (const address of host === undefined ? loopback : [host]) {
      const server = create();
      if (!(await opened(server, address, bound, servers.length > 0))) continue;
      servers.push(server);
      server.on('error', (error: NodeJS.ErrnoException) => logFault(error.code ?? error.name));
      const where = server.address();
      if (where !== null && typeof where === 'object') bound = where.port;
    }
  } catch (error) {
    connections.stop();
    await Promise.all(servers.map(closed));
    throw error;
  }
  return {
    port: bound,
    close: async (grace, now) => {
      isClosing = true;
      const cut: string[] = [];
      const cutOff = () => {
        cut.push(...[...inFlight].map(({ requestId }) => requestId));
        cutOffAll();
      };
      const timer = setTimeout(cutOff, grace);
      now?.addEventListener('abort', cutOff, { once: true });
      const all = Promise.all(servers.map(closed));
      for (const { response } of inFlight) {
        if (response?.headersSent === false) response.setHeader('Connection', 'close');
      }
      if (inFlight.size === 0) cutOffAll();
      else if (now?.aborted) cutOff();
      await all;
      clearTimeout(timer);
      now?.removeEventListener('abort', cutOff);
      connections.stop();
      failures.close();
      return cut;
    },
  };
}

function opened(server: Server, host: string, port: number, isExtra: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
      if (isExtra && isMissing) resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The host for a URL on this machine; undefined stands for both loopback addresses. */
export function hostInUrl(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
