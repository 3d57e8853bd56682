// The transport for reads, over undici's dispatcher: the same promises as got's, at a fraction of its cost.
// It knows GETs alone, and neither redirects nor retries.
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
import { version } from '../../shared/version.ts';
import { abortedBy, BrokerError } from '../error.ts';
import { bodyTooLong, readAnswer } from './body.ts';
import type { Operation } from './operation.ts';
import {
  type Departure,
  revealed,
  type Transport,
  type TransportOptions,
  type UpstreamRequest,
  type UpstreamResponse,
  wasNeverSent,
} from './transport.ts';

/** Milliseconds that an idle connection is kept, where the server does not say: below what servers grant. */
const keepAliveMilliseconds = 10_000;

/** A transport and the way to be rid of it. */
export interface UndiciTransport {
  /** Sends GETs; rejects with TypeError for anything else. */
  readonly send: Transport;
  /** Waits for calls in flight, then closes the connections. */
  readonly close: () => Promise<void>;
}

/** Makes a {@link Transport} over undici, with connections of its own. */
export function undiciTransport(options: TransportOptions): UndiciTransport {
  const { baseUrl, timeoutMilliseconds, wire } = options;
  const ownHeaders = [
    'user-agent',
    `kite-graphql/${version}`,
    ...Object.entries(wire.headers).flat(),
  ];
  const pools = new Map<string, Pool>();
  const poolOf = ({ origin }: URL) => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      // One timer of ours spans the connection, the headers and the body; undici's would each begin anew.
      connect: { timeout: timeoutMilliseconds },
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMilliseconds,
    });
    pools.set(origin, pool);
    return pool;
  };
  const own = { pool: poolOf(baseUrl), prefix: prefixOf(baseUrl) };
  const placeOf = (url: URL | undefined) =>
    url === undefined ? own : { pool: poolOf(url), prefix: prefixOf(url) };
  const headersOf = ({ credential, headers }: UpstreamRequest) => {
    const signed =
      credential && wire.authorizationOf
        ? [...ownHeaders, 'authorization', wire.authorizationOf(credential)]
        : ownHeaders;
    return headers ? [...signed, ...Object.entries(revealed(headers)).flat()] : signed;
  };
  return {
    send: (request, operation, departure) =>
      new Promise((resolve, reject) => {
        if (request.method !== 'GET') throw new TypeError(`${request.method} is not a read`);
        if (operation.signal.aborted) {
          reject(abortedBy(operation.signal, false));
          return;
        }
        const call = new Call(operation, options, resolve, reject, departure);
        const { pool, prefix } = placeOf(request.baseUrl);
        pool.dispatch(
          {
            method: 'GET',
            path: prefix + request.path + queryOf(request),
            headers: headersOf(request),
          },
          call,
        );
      }),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

function prefixOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '');
}

function queryOf({ query }: UpstreamRequest): string {
  return query === undefined ? '' : `?${new URLSearchParams(revealed(query))}`;
}

/** One call: the events of undici, its deadline, and its waiter. An object rather than closures: there are many. */
class Call implements Dispatcher.DispatchHandler {
  readonly #operation: Operation;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #departure: Departure | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #maxBodyBytes: number;
  #controller: Dispatcher.DispatchController | undefined;
  /** Told when undici has made a connection for a call that was given up meanwhile, or could not. */
  #onConnected: (() => void) | null = null;
  #isSent = false;
  #isOver = false;
  #status = 0;
  #headers: IncomingHttpHeaders | undefined;
  /** Most bodies come in one piece. */
  #first: Buffer | null = null;
  #others: Buffer[] | null = null;
  #length = 0;

  constructor(
    operation: Operation,
    { timeoutMilliseconds, maxBodyBytes }: TransportOptions,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: unknown) => void,
    departure: Departure | undefined,
  ) {
    this.#operation = operation;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#departure = departure;
    this.#maxBodyBytes = maxBodyBytes;
    this.#timer = setTimeout(Call.#pass, timeoutMilliseconds, this);
    operation.signal.addEventListener('abort', this);
  }

  static #pass(call: Call): void {
    call.#fail(new BrokerError('timeout', { connecting: call.#untilConnected() }));
  }

  /** The operation has ended. */
  handleEvent(): void {
    this.#fail(abortedBy(this.#operation.signal, this.#isSent, this.#untilConnected()));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A cancellation during connection setup could not reach undici; pass it on now.
    if (this.#isOver) {
      controller.abort(new Error('The call was cancelled'));
      this.#onConnected?.();
      return;
    }
    this.#controller = controller;
    this.#isSent = true;
    this.#departure?.sent();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#maxBodyBytes) this.#fail(bodyTooLong(this.#status));
    else if (this.#first === null) this.#first = chunk;
    else {
      this.#others ??= [];
      this.#others.push(chunk);
    }
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#settle();
    const first = this.#first ?? Buffer.alloc(0);
    const bytes = this.#others === null ? first : Buffer.concat([first, ...this.#others]);
    try {
      this.#resolve(readAnswer(this.#status, this.#headers ?? {}, bytes, this.#maxBodyBytes));
    } catch (error) {
      this.#reject(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(brokerErrorFrom(error));
    this.#onConnected?.();
  }

  /** Undici goes on making a connection for a call that is given up; null where it is made. */
  #untilConnected(): Promise<void> | null {
    if (this.#isSent || this.#isOver) return null;
    return new Promise((resolve) => {
      this.#onConnected = resolve;
    });
  }

  #fail(error: BrokerError): void {
    if (this.#isOver) return;
    this.#settle();
    this.#reject(error);
    this.#controller?.abort(new Error('The call was cancelled'));
  }

  #settle(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#operation.signal.removeEventListener('abort', this);
  }
}

function brokerErrorFrom(error: Error): BrokerError {
  // undici's errors can carry addresses and bytes of the answer, so only their codes go on.
  const code = systemCodeOf(error);
  // Its connecting has a deadline of its own, as long as the call's.
  if (code === 'ETIMEDOUT') {
    return new BrokerError('timeout', { mayHaveReachedBroker: false, systemCode: code });
  }
  // The server answered, but not in HTTP.
  if (code.startsWith('HPE_')) {
    return new BrokerError('invalid-response', { systemCode: code });
  }
  return new BrokerError('unavailable', {
    mayHaveReachedBroker: !wasNeverSent(code),
    systemCode: code,
  });
}

/** Words of undici's own, and what Node says for the same. */
const nodeCodes: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_HEADERS_OVERFLOW: 'HPE_HEADER_OVERFLOW',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'HPE_UNEXPECTED_CONTENT_LENGTH',
};

/** The code of an error as Node words it: the log reads the same over both clients. */
function systemCodeOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof errors.HTTPParserError)
    return code.startsWith('HPE_') ? code : 'HPE_UNKNOWN';
  return nodeCodes[code] ?? code;
}
