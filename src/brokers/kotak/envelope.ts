// Kotak's envelope, {Success} or {success} or {fault: {code, message, description}}: out comes data or a BrokerError.
// The fault is read before the HTTP status: that one never comes with HTTP 200 is not established.
import { BrokerError, type BrokerErrorCode, type BrokerErrorDetails } from '../error.ts';
import { isRecord } from '../field.ts';
import { parseJson } from '../upstream/body.ts';
import { cleanMessage } from '../upstream/clean-message.ts';
import type { Secret } from '../upstream/secret.ts';
import type { UpstreamResponse } from '../upstream/transport.ts';

/** What is being done, which decides what a status means. */
export type Step = 'app-token' | 'init' | 'login' | 'code' | 'one-time-token' | 'read' | 'logout';

/** How an answer is read. */
export interface Reading {
  readonly step: Step;
  /** What the request carried, so that no message can repeat it. */
  readonly secrets: readonly Secret[];
  /** Objects and lists inside each other; an answer with more is refused. */
  readonly maxNesting: number;
}

/** Kotak serves the user at another host. */
export class OtherHost extends BrokerError {
  /** The broker's own naming of that host. */
  readonly address: string;

  constructor(address: string, details: BrokerErrorDetails) {
    super('app-secret', { ...details, advice: hostAdvice });
    this.address = address;
  }
}

/** What to do where the user's host may not be called. */
const hostAdvice =
  'The broker serves this user at a host that the gateway may not call. The operator has to add its address to KOTAK_BASE_URLS.';

/**
 * The data of a successful answer, unparsed.
 * @throws OtherHost where Kotak names another host; BrokerError for any other fault, an error status, and an answer that
 *   is not an envelope.
 */
export function openEnvelope(response: UpstreamResponse, reading: Reading): unknown {
  const { status, retryAfterSeconds } = response;
  const details = { status, retryAfterSeconds };
  const envelope = parseJson(response.body, reading.maxNesting);
  if (!isRecord(envelope)) {
    throw new BrokerError(codeWithoutFault(status) ?? 'invalid-response', details);
  }
  if (isRecord(envelope.fault)) throw faultError(envelope.fault, response, reading);
  if (reading.step === 'app-token') return appTokenAnswer(envelope, response, reading);
  if (status >= 400) {
    throw new BrokerError(codeWithoutFault(status) ?? 'invalid-response', details);
  }
  const data = envelope.Success ?? envelope.success;
  if (data === undefined) throw new BrokerError('invalid-response', details);
  return data;
}

/** The token's answer has no wrapper, and its errors are those of OAuth: `{error, error_description}`. */
function appTokenAnswer(
  envelope: Record<string, unknown>,
  { status, retryAfterSeconds }: UpstreamResponse,
  { secrets }: Reading,
): unknown {
  if (status < 400 && envelope.error === undefined) return envelope;
  const code = codeWithoutFault(status);
  throw new BrokerError(code ?? 'app-secret', {
    status,
    retryAfterSeconds,
    brokerMessage: cleanMessage(envelope.error_description, secrets),
    advice: code === null ? refusedSecretAdvice : null,
  });
}

const refusedSecretAdvice =
  'The broker refused the key or the secret of the app. The operator has to correct them.';

function faultError(
  { code, message, description }: Record<string, unknown>,
  { status, retryAfterSeconds }: UpstreamResponse,
  { step, secrets }: Reading,
): BrokerError {
  const number = Number(code);
  const details: BrokerErrorDetails = {
    status,
    retryAfterSeconds,
    errorType: Number.isSafeInteger(number) && number > 0 ? String(number) : null,
    brokerMessage: cleanMessage(message, secrets),
  };
  if (number === 999024) {
    const address = typeof description === 'string' ? description.trim() : '';
    return new OtherHost(address, details);
  }
  const [meaning, advice] = known.get(number) ?? meaningOf(status, step);
  const isAppRefused = advice === appTokenAdvice;
  return new BrokerError(meaning, { ...details, advice: advice ?? null, isAppRefused });
}

type Meaning = readonly [code: BrokerErrorCode, advice?: string];

const appTokenAdvice =
  'The broker refused the access token of the app. The operator has to renew it at the broker’s portal.';

/** The faults that are told by their number, whatever the status. */
const known: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [900901, ['permission', appTokenAdvice]],
  [
    70009,
    [
      'permission',
      'The broker has locked this account after wrong tries. Unlock it at the broker, then log in again.',
    ],
  ],
  [99999, ['token']],
  [
    999003,
    ['permission', 'The broker does not let this user use its API. Ask the broker to enable it.'],
  ],
]);

/** What a status means at a step. */
function meaningOf(status: number, step: Step): Meaning {
  const other = codeWithoutFault(status);
  if (other !== null) return [other];
  switch (status) {
    case 400:
      return refusedInput[step] ?? ['other'];
    case 401:
      return ['permission', appTokenAdvice];
    case 403:
      return step === 'read' || step === 'logout' ? ['token'] : ['permission'];
    case 424:
      return isSecondStep(step) ? ['token', lateAdvice] : ['unavailable'];
    default:
      return ['other'];
  }
}

const lateAdvice =
  'The login took too long, or was finished already. Start it again with the password.';

/** Status 400: at each step it is about what the caller sent. */
const refusedInput: Partial<Record<Step, Meaning>> = {
  init: ['input', 'The broker does not accept this user id. Check it.'],
  login: [
    'token',
    'The broker refused the user id or the password. Check both; wrong tries lock the account.',
  ],
  code: [
    'token',
    'The broker refused the access code. Start the login again and use the code of today; wrong tries lock the account.',
  ],
  'one-time-token': [
    'token',
    'The broker refused a login without an access code. Start the login again and give the code.',
  ],
};

function isSecondStep(step: Step): boolean {
  return step === 'code' || step === 'one-time-token';
}

/** What a status says whatever the step, and without a fault in the answer; null where it says nothing. */
function codeWithoutFault(status: number): BrokerErrorCode | null {
  if (status === 429) return 'rate-limited';
  if (status === 500) return 'other';
  return status > 500 ? 'unavailable' : null;
}
