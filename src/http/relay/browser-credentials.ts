// From a request of a browser to the credentials of its accounts, for code on the server side that calls a broker itself.
import type { IncomingMessage } from 'node:http';
import { reachedBySession, type Services } from '../../context.ts';
import type { DeviceHint } from '../../keyring/device.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { BrowserKeyrings } from '../login/browser-keyrings.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import { cookieValue } from '../request/cookies.ts';
import type { Origins } from '../request/origins.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { type BrowserCredential, CredentialsRefusedError } from './browser-credential.ts';

/** A keyring as it was found. */
export interface FoundSessions {
  /** Null where the cookie leads nowhere, or where there is no cookie. */
  readonly keyringId: string | null;
  /** The newest first, ended ones included. */
  readonly sessions: readonly SessionRecord[];
}

/**
 * The sessions of the browser behind a request.
 * @param device what the browser's own request tells of it; null where another process passes its cookie on.
 * @throws CredentialsRefusedError for two cookies; KeyringStoreError where the store is down.
 */
export async function findSessions(
  { keyrings, revocations, cookies }: BrowserKeyrings,
  { headers }: Pick<Request, 'headers'>,
  device: DeviceHint | null,
): Promise<FoundSessions> {
  const cookie = cookieValue(headers.get('cookie') ?? '', cookies.keyringName);
  if (cookie === 'ambiguous') throw new CredentialsRefusedError('ambiguous-cookie');
  const keyring = cookie && (await keyrings.open(cookie, device));
  if (keyring === null) return { keyringId: null, sessions: [] };
  revocations.resume(keyring.id, keyring.sessions);
  return { keyringId: keyring.id, sessions: keyring.sessions };
}

/** The credential of a session; null unless it is ACTIVE. */
export function credentialOf(
  record: SessionRecord,
  { broker }: Pick<Services, 'broker'>,
): BrowserCredential | null {
  const { access, broker: name } = reachedBySession(record);
  if (access === null) return null;
  const { accountId, userId, baseUrl, userName, loginTime, issuedAt } = record;
  const { apiKey, accessToken } = access.credential;
  const expiresAt = broker.of(name).toldExpiryOf(loginTime ?? issuedAt);
  const of = { accountId, broker: name, apiKey, userId, baseUrl, userName, accessToken, expiresAt };
  // A record is of one broker, whose login gave it all that CredentialFacts says of that broker.
  return of as BrowserCredential;
}

/**
 * Whether a page of another origin may have made a browser send a request.
 *
 * Browsers name the origin of each request that could change something, and say of the others which site made them.
 * A request that says neither comes from no browser of today, and cannot have been forged through one.
 */
function isCrossSite({ headers }: Pick<Request, 'headers'>, origins: Origins): boolean {
  const origin = headers.get('origin');
  if (origin !== null) return !origins.isTrusted(origin);
  const site = headers.get('sec-fetch-site') ?? 'none';
  // `none`: the user opened the address itself.
  return site !== 'same-origin' && site !== 'none';
}

/** What reads the requests of browsers. */
export interface CredentialsOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly track: RequestTracker;
  readonly readClientInfo: ClientInfoReader;
}

/** Makes `gateway.credentials`. */
export function createCredentials({
  services,
  browsers,
  track,
  readClientInfo,
}: CredentialsOptions): (sent: Request | IncomingMessage) => Promise<readonly BrowserCredential[]> {
  const { audit, origins } = browsers;
  const { digests } = audit;
  return async (sent) => {
    const isFetch = sent.headers instanceof Headers;
    const request = isFetch ? (sent as Request) : headOf(sent as IncomingMessage);
    const device = readClientInfo(request, isFetch ? null : { req: sent });
    if (audit.isFull) throw new KeyringStoreError('AUDIT_LOG_FULL');
    const about = { requestId: track(request).id, address: device.ipAddress };
    try {
      if (isCrossSite(request, origins)) throw new CredentialsRefusedError('cross-site');
      const { keyringId, sessions } = await findSessions(browsers, request, device);
      const given = sessions.flatMap((record) => {
        const credential = credentialOf(record, services);
        return credential ? [{ credential, session: digests.session(record.sessionId) }] : [];
      });
      const session = given.map((one) => one.session);
      const keyring = keyringId === null ? {} : { keyring: digests.keyring(keyringId) };
      audit.write({ event: 'relay', outcome: 'given', ...about, ...keyring, session });
      return given.map(({ credential }) => credential);
    } catch (error) {
      if (error instanceof CredentialsRefusedError) {
        audit.fail({ event: 'relay', outcome: 'refused', ...about, code: error.code });
      }
      throw error;
    }
  };
}

/** What is read of a request of `node:http`. */
const headersRead = [
  'cookie',
  'origin',
  'sec-fetch-site',
  'user-agent',
  'x-forwarded-for',
  'x-request-id',
];

function headOf({ headers }: IncomingMessage): Request {
  const head = new Headers();
  for (const name of headersRead) {
    const value = headers[name];
    if (value !== undefined) head.set(name, String(value));
  }
  return new Request('http://localhost/', { headers: head });
}
