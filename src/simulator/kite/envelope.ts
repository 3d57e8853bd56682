// Kite's envelopes: how it wraps data, and how it words refusals.

declare global {
  interface JSON {
    /** Text that JSON.stringify puts out as it is; TypeScript's library does not list it yet. */
    rawJSON(text: string): object;
  }
}

/** An answer of the API before it is written out. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The envelope, a JSON value. */
  readonly envelope: unknown;
}

/** A success with its data. */
export function success(data: unknown): Answer {
  return { status: 200, envelope: { status: 'success', data } };
}

/** A refusal, in Kite's words where they are known. */
export function failure(status: number, errorType: string, message: string): Answer {
  return { status, envelope: { status: 'error', message, error_type: errorType, data: null } };
}

/** The request token is unknown, used or too old. */
export const tokenExpired = failure(403, 'TokenException', 'Token is invalid or has expired.');

/** The checksum is not that of key, token and secret. */
export const checksumInvalid = failure(403, 'TokenException', 'Invalid `checksum`.');

/** The credential is missing, malformed, unknown or dead. */
export const credentialIncorrect = failure(
  403,
  'TokenException',
  'Incorrect `api_key` or `access_token`.',
);

/** The app may not make this call. */
export const permissionInsufficient = failure(
  403,
  'PermissionException',
  'Insufficient permission for that call.',
);

/** The app has asked too much in this second. */
export const tooManyRequests = failure(429, 'NetworkException', 'Too many requests');

/** Unknown path. */
export const routeNotFound = failure(404, 'GeneralException', 'Route not found');

/** Kite has such a path, and this simulator has not. Kite knows no such type: it is the simulator's own. */
export function notSimulated(method: string, path: string): Answer {
  return failure(
    501,
    'NotSimulatedException',
    `Kite has ${path}, but it is not simulated (${method}).`,
  );
}

/** The path has no such method. Neither status nor words are established. */
export const methodNotAllowed = failure(405, 'GeneralException', 'Method not allowed');

/** A field is missing. The status and the type are established, the words are not. */
export function missingField(name: string): Answer {
  return failure(400, 'InputException', `Missing or empty field \`${name}\`.`);
}

/** Unknown segment. The status and the type are established, the message is not. */
export const segmentInvalid = failure(400, 'InputException', 'Invalid `segment`.');

/** Writes a JSON value as Kite would: unlike JSON.stringify alone, a negative zero keeps its sign. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    Object.is(item, -0) ? JSON.rawJSON('-0') : item,
  );
}
