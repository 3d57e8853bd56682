// Kite's envelopes: how it wraps data, and how it words refusals.

import type { FaultWords } from '../faults/fault-words.ts';
import { type Answer, isTree } from '../reply.ts';

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

/** How Kite words the failures that faults cause. */
export const kiteWords: FaultWords = {
  tooManyRequests,
  internalError: failure(500, 'GeneralException', 'Something went wrong.'),
  serviceUnavailable: failure(503, 'NetworkException', 'The service is not available.'),
  gatewayTimeout: failure(504, 'NetworkException', 'The backend did not answer in time.'),
  missingErrorType: {
    status: 400,
    envelope: { status: 'error', message: 'Something is wrong.', data: null },
  },
  reported: ({ errorType = 'GeneralException', message = 'Something went wrong.', status = 200 }) =>
    failure(status, errorType, message),
  dataOf: (envelope) => (isTree(envelope.data) ? envelope.data : null),
};
