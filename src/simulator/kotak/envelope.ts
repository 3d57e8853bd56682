// Kotak's envelopes: how it wraps an answer, and how it words a fault.
import type { FaultWords } from '../faults/fault-words.ts';
import { type Answer, isTree } from '../reply.ts';

/** A success; the wrapper's name is not always written in the same way. */
export function success(data: unknown, wrapper: 'Success' | 'success' = 'Success'): Answer {
  return { status: 200, envelope: { [wrapper]: data } };
}

/** A fault. The numbers below 900000 and those that comments do not name are the simulator's own. */
export function fault(
  status: number,
  code: number,
  message: string,
  description: string = message,
): Answer {
  return { status, envelope: { fault: { code, message, description } } };
}

/** The access token of the app is missing, unknown or too old (seen: 900901). */
export const appTokenInvalid = fault(
  401,
  900901,
  'Invalid Credentials',
  'Access failure for API. Make sure you have provided the correct security credentials',
);

/** No such path or method; that the status is 401 is how the documentation words it. */
export const noSuchResource = fault(
  401,
  900906,
  'No matching resource found for given API Request',
);

/** A parameter is missing or wrong. */
export const invalidInput = (what: string) =>
  fault(400, 400001, 'Invalid or missing input parameters', what);

/** The account is locked (seen: 70009, 403, at init). */
export const accountLocked = fault(403, 70009, 'Account Locked', 'User locked due to Bad tries');

/** The user belongs to another host, which the description names (seen: 999024; its status is not established). */
export const otherHost = (address: string) =>
  fault(400, 999024, 'Please login through provided domain', address);

/** The one-time token is not good, or no longer (seen: 424). */
export const oneTimeTokenInvalid = fault(424, 424001, 'The one time token is not valid');

/** The session is over (seen: 99999; that the status is 403 is how the documentation of margins words it). */
export const sessionInvalid = fault(
  403,
  99999,
  'You have been logged out. Login again',
  'Invalid session, please re-login to continue',
);

/** How Kotak words the failures that faults cause. */
export const kotakWords: FaultWords = {
  tooManyRequests: fault(429, 900802, 'Too many requests to the API'),
  internalError: fault(500, 500001, 'Unexpected error'),
  serviceUnavailable: fault(503, 503001, 'Trade API service is unavailable'),
  gatewayTimeout: fault(504, 504001, 'Gateway timeout, trade API is unreachable'),
  missingErrorType: { status: 400, envelope: { fault: { message: 'Something is wrong.' } } },
  reported: ({ code = 999000, message = 'Something went wrong.', description, status = 200 }) =>
    fault(status, code, message, description),
  dataOf: (envelope) => {
    const { Success, success: lower, access_token: appToken } = envelope;
    if (isTree(Success)) return Success;
    if (isTree(lower)) return lower;
    // The answer with the access token of an app has no wrapper.
    return appToken === undefined ? null : envelope;
  },
};
