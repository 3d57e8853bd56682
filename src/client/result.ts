// What an operation comes to: data, errors, or both.
import { type ClientError, Failure, readErrors } from './errors.ts';
import type { ReceivedPayload } from './payloads.ts';

/**
 * What an operation comes to. `ok` is true if nothing failed. Otherwise `data` still has everything that did not fail,
 * and the fields that failed are null.
 */
export type Result<Data> =
  | {
      readonly ok: true;
      readonly data: Data;
      readonly error: null;
      readonly errors: readonly [];
    }
  | {
      readonly ok: false;
      /** What did not fail; null if nothing arrived. */
      readonly data: Data | null;
      /** The first of `errors`. */
      readonly error: ClientError;
      readonly errors: readonly ClientError[];
    };

/** Thrown by `unwrap`. */
export class ClientFailure extends Error {
  override readonly name = 'ClientFailure';
  /** The first error. */
  readonly error: ClientError;
  /** All errors. */
  readonly errors: readonly ClientError[];
  /** What did not fail. */
  readonly data: unknown;

  /** @param result the result of an operation that failed. */
  constructor({ data, error, errors }: Result<unknown> & { readonly ok: false }) {
    super(error.message);
    this.error = error;
    this.errors = errors;
    this.data = data;
  }
}

/**
 * The data of a result, for callers that prefer exceptions, such as TanStack Query.
 * @throws ClientFailure if anything failed, with the data that did not.
 */
export function unwrap<Data>(result: Result<Data>): Data {
  if (result.ok) return result.data;
  throw new ClientFailure(result);
}

/** The result with this data and these errors. */
export function resultOf<Data>(data: unknown, errors: readonly ClientError[]): Result<Data> {
  const [error] = errors;
  return error
    ? { ok: false, data: (data ?? null) as Data | null, error, errors }
    : { ok: true, data: data as Data, error: null, errors: [] };
}

/** The result of one payload. */
export function readPayload<Data>({ payload, httpStatus }: ReceivedPayload): Result<Data> {
  return resultOf(payload.data, readErrors(payload.errors, httpStatus));
}

/** The error of something that was caught. @throws it again if it is a fault of the program. */
export function errorOf(caught: unknown): ClientError {
  if (caught instanceof Failure) return caught.error;
  throw caught;
}
