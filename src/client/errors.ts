// What can fail: the codes of the gateway, and what goes wrong between it and this program, as one union on `code`.

/** The codes of the schema's ErrorCode. A test holds this list to the schema. */
export const gatewayErrorCodes = [
  'UNAUTHENTICATED',
  'AMBIGUOUS_ACCOUNT',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'DUPLICATE_USER',
  'TOKEN_REJECTED',
  'SESSION_EXPIRED',
  'PERMISSION_DENIED',
  'TOO_LARGE',
  'APP_MISCONFIGURED',
  'RATE_LIMITED',
  'NOT_SUPPORTED',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_INVALID_RESPONSE',
  'UPSTREAM_ERROR',
  'KEYRING_UNAVAILABLE',
  'DOCUMENT_NOT_TRUSTED',
  'DOCUMENT_NOT_FOUND',
  'DOCUMENT_MISMATCH',
  'INTERNAL_SERVER_ERROR',
] as const;

/** A code of the gateway. */
export type GatewayErrorCode = (typeof gatewayErrorCodes)[number];

/** What every error has. */
export interface ErrorFields {
  /** A description for people. Branch on `code`: this text may change. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status of the answer; null if no answer arrived. */
  readonly httpStatus: number | null;
  /** The field of `data` that failed; left out if the whole request did. */
  readonly path?: readonly (string | number)[];
  /** The id of the request, as in the gateway's log; left out if the gateway did not answer. */
  readonly requestId?: string;
  /** The account that failed. */
  readonly accountId?: string;
  /** The argument or input field at fault. */
  readonly field?: string;
  /** Where the user logs in again: pass the error to `client.login({ app: error })`. */
  readonly loginUrl?: string;
  /** Seconds to wait before a retry. */
  readonly retryAfterSeconds?: number;
  /** The number of errors that the answer leaves out; only in the last error. */
  readonly omittedErrors?: number;
  /** The broker that answered, and its answer. */
  readonly broker?: {
    readonly name: string;
    readonly errorType: string | null;
    readonly status: number | null;
    readonly message: string | null;
  };
}

/** An error of the gateway, by its code. */
export type GatewayError = {
  [Code in GatewayErrorCode]: ErrorFields & { readonly code: Code };
}[GatewayErrorCode];

/** An error that the gateway did not send, or that this version of the client does not know. */
export type TransportError = ErrorFields &
  (
    | {
        /** No connection, or one that broke off. */
        readonly code: 'NETWORK_FAILED';
        /** What `fetch` threw, or the function that makes the headers. */
        readonly cause: unknown;
      }
    | {
        /** Nothing arrived for `timeoutMilliseconds`. */
        readonly code: 'TIMED_OUT';
      }
    | {
        /** The caller's signal was aborted. */
        readonly code: 'ABORTED';
      }
    | {
        /** The answer is not GraphQL, such as the error page of a proxy, or is longer than 64 MB. */
        readonly code: 'NOT_GRAPHQL';
        /** Its media type. */
        readonly contentType: string;
      }
    | {
        /** A code of a later version of the gateway. */
        readonly code: 'UNKNOWN_CODE';
        /** That code. */
        readonly gatewayCode: string;
      }
  );

/** Everything that can fail. A `switch` on `code` is checked for exhaustiveness by the compiler. */
export type ClientError = GatewayError | TransportError;

/** A failure on its way to the result that will contain it. */
export class Failure extends Error {
  /** What failed. */
  readonly error: ClientError;

  /** @param error what failed. */
  constructor(error: ClientError) {
    super(error.message);
    this.error = error;
  }
}

/** Reads the `errors` of an answer. */
export function readErrors(errors: unknown, httpStatus: number): ClientError[] {
  if (!Array.isArray(errors)) return [];
  return errors.map((each: unknown) => {
    const { message, path, extensions } = Object(each);
    const { code, retryable = false, ...others } = Object(extensions);
    const isKnown = gatewayErrorCodes.includes(code);
    return {
      ...others,
      ...(isKnown ? { code } : { code: 'UNKNOWN_CODE', gatewayCode: String(code) }),
      message,
      retryable,
      httpStatus,
      ...(path && { path }),
    };
  });
}
