// What the steps of a Kotak login answer (documentation of its Python client: "SessionApi"; the fields from its source).

import {
  type BrokerSession,
  type KeptProfile,
  type Profile,
  unknownOfProfile,
} from '../answers.ts';
import type { BegunLogin } from '../broker.ts';
import { isRecord, malformed, requiredText, text, texts } from '../field.ts';
import { monthFirstIndiaTime } from '../india-time.ts';
import { Secret } from '../upstream/secret.ts';

/** What `init` says of a user. */
export interface InitAnswer {
  /** The base URL of the host that serves the user; null where it names none. */
  readonly redirectHost: string | null;
  /** Whether the account may log in. */
  readonly isOpen: boolean;
  /** Whether the password goes as it is. */
  readonly isPlain: boolean;
}

const closedStates = new Set(['inactive', 'deactive', 'closed']);

/** Reads the answer to `init`; null for data that makes no sense. */
export function parseInit(data: unknown): InitAnswer | null {
  if (!isRecord(data)) return null;
  const { redirect, encryption, status } = data;
  const host = isRecord(redirect) ? text(redirect.host) : null;
  const type = isRecord(encryption) ? text(encryption.type) : null;
  const state = text(status);
  if (host === malformed || type === malformed || state === malformed) return null;
  return {
    redirectHost: host === '' ? null : host,
    isOpen: !closedStates.has((state ?? '').toLowerCase()),
    isPlain: type === null || type === '' || type.toUpperCase() === 'PLAIN',
  };
}

/** Reads the answer to the password; null without a one-time token. */
export function parseLogin(data: unknown): Pick<BegunLogin, 'oneTimeToken' | 'sentTo'> | null {
  if (!isRecord(data)) return null;
  const token = requiredText(data.oneTimeToken);
  if (token === malformed) return null;
  const sentTo = [data.phoneNo, data.emailId].filter(isMasked);
  return { oneTimeToken: new Secret(token), sentTo };
}

/** An address that says little: the broker masks them, and one that it did not mask stays here. */
function isMasked(value: unknown): value is string {
  return typeof value === 'string' && /^(?=.*X{3})[\w.+@-]{1,100}$/.test(value);
}

/** What the second step answers: neither what was given for it nor where it was asked. */
export type SessionAnswer = Omit<BrokerSession, 'authenticationMethods' | 'baseUrl'>;

/** Reads the answer to the second step; null without a session token. */
export function parseSession(data: unknown): SessionAnswer | null {
  if (!isRecord(data)) return null;
  const token = requiredText(data.sessionToken);
  if (token === malformed) return null;
  const userId = requiredText(data.userId);
  const keptProfile: KeptProfile = {
    exchanges: activeExchanges(data.enabledExchangeSegments),
    products: texts(data.enabledProducts),
  };
  return {
    accessToken: new Secret(token),
    publicToken: null,
    refreshToken: null,
    loginTime: monthFirstIndiaTime(data.loginTime),
    userId: userId === malformed ? null : userId,
    profile: {
      ...profileOf(data.userId),
      userName: text(data.clientName),
      ...keptProfile,
    },
    keptProfile,
  };
}

/** What is known of a user whose id is all that is known. E-mail and phone come masked, and so are not told. */
export function profileOf(userId: unknown): Profile {
  return {
    brokerName: 'KOTAK',
    userId: requiredText(userId),
    ...unknownOfProfile,
  };
}

/** The exchanges that are ACTIVE in any segment, each once. */
function activeExchanges(segments: unknown): Profile['exchanges'] {
  if (segments == null) return null;
  if (!isRecord(segments)) return malformed;
  const active = new Set<string>();
  for (const entries of Object.values(segments)) {
    if (entries == null) continue;
    if (!Array.isArray(entries)) return malformed;
    for (const entry of entries) {
      if (!isRecord(entry) || typeof entry.exchange !== 'string') return malformed;
      if (entry.status === 'ACTIVE') active.add(entry.exchange);
    }
  }
  return [...active];
}
