// The seam between a broker's client and an HTTP client: one request out, one response or BrokerError back.
import type { Credential } from '../credential.ts';
import type { Operation } from './operation.ts';
import type { CallReport } from './report/call-report.ts';
import type { Secret } from './secret.ts';

/** One HTTP request to a broker. */
export interface UpstreamRequest {
  /** The endpoints in use know no other verbs. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The app on whose rate limit the request counts. */
  readonly apiKey: string;
  /** Path below the base URL, such as `/user/profile`; never with a query. */
  readonly path: string;
  /** Where it goes, for a broker with several addresses; absent for the transport's own. */
  readonly baseUrl?: URL;
  /** Headers of this request alone. */
  readonly headers?: Readonly<Record<string, string | Secret>>;
  /** Parameters of the query string. */
  readonly query?: Readonly<Record<string, string | Secret>>;
  /** Parameters of a form body. */
  readonly form?: Readonly<Record<string, string | Secret>>;
  /** Members of a JSON body. */
  readonly json?: Readonly<Record<string, string | Secret>>;
  /** Whether the caller brought what the app's secret proves, rather than this gateway having made it. */
  readonly isProofBrought?: boolean;
  /** What signs the request; absent where the endpoint takes none. */
  readonly credential?: Credential;
  /** Told when the request starts; absent where nothing needs to know. */
  readonly report?: CallReport;
}

/** What came back, unread. */
export interface UpstreamResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The body as text; not to be shown or logged. */
  readonly body: string;
  /** The Retry-After header in seconds; null where it is absent or cannot be read. */
  readonly retryAfterSeconds: number | null;
}

/** Told when a request goes out on a connected socket, or just after. */
export interface Departure {
  sent(): void;
}

/**
 * Sends one request, once, within the transport's own deadline and the operation's.
 * @throws BrokerError and nothing else: `timeout`, `unavailable`, `invalid-response`, `rate-limited` or `aborted`.
 */
export type Transport = (
  request: UpstreamRequest,
  operation: Operation,
  departure?: Departure,
) => Promise<UpstreamResponse>;

/** Parameters or headers with their secrets revealed, for the line that sends them. */
export function revealed(
  parameters: Readonly<Record<string, string | Secret>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.reveal(),
    ]),
  );
}

/** What a broker asks of every request. */
export interface Wire {
  /** Headers that every request carries, by their lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The Authorization header of a credential; absent where each request brings its own headers. */
  readonly authorizationOf?: (credential: Credential) => string;
}

/** Where and for how long a transport calls. */
export interface TransportOptions {
  readonly wire: Wire;
  /** The broker's address; may carry a path. */
  readonly baseUrl: URL;
  /** Milliseconds for one call, connection and body included. */
  readonly timeoutMilliseconds: number;
  /** The longest body that is read, in bytes, without its compression. */
  readonly maxBodyBytes: number;
}

const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_PROXY_TUNNEL',
]);
/** How TLS fails before a request is sent: the server's certificate is refused, or it speaks no TLS. */
const failedHandshake = /CERT|UNABLE_TO_VERIFY|WRONG_VERSION_NUMBER|HANDSHAKE_FAILURE/;

/** Whether a system's error code speaks of a failure before a byte of the request was on its way. */
export function wasNeverSent(code: string): boolean {
  return neverSent.has(code) || failedHandshake.test(code);
}
