// The seam between the Kite client and an HTTP client: one request out, one response or KiteError back.
import type { Credential } from './credential.ts';
import type { Secret } from './secret.ts';

/** One HTTP request to Kite. */
export interface KiteRequest {
  /** Kite's user endpoints know no other verbs. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path below the base URL, such as `/user/profile`; never with a query. */
  readonly path: string;
  /** Parameters of the query string. */
  readonly query?: Readonly<Record<string, string | Secret>>;
  /** Parameters of a form body. */
  readonly form?: Readonly<Record<string, string | Secret>>;
  /** What signs the request; absent where the endpoint takes none. */
  readonly credential?: Credential;
}

/** What came back, unread. */
export interface KiteResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The body as text; not to be shown or logged. */
  readonly body: string;
  /** The Retry-After header in seconds; null where it is absent or no number. */
  readonly retryAfterSeconds: number | null;
}

/**
 * Sends one request, once, within the transport's own deadline.
 * @throws KiteError and nothing else: `timeout`, `unavailable`, `invalid-response` or `aborted`.
 */
export type Transport = (request: KiteRequest, signal?: AbortSignal) => Promise<KiteResponse>;

/** The longest body worth reading, in bytes: a hundred times Kite's largest answer. */
export const longestBody = 1_000_000;

/** The parameters of a query or form with their secrets revealed, for the line that sends them. */
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
