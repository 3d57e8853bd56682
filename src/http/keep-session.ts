// What the two ways of logging a browser in share: the services behind keyrings, and the step that keeps a session.
import type { DeviceHint } from '../keyring/device.ts';
import type { Added, Keyrings } from '../keyring/keyring.ts';
import type { Revocations } from '../keyring/revocations.ts';
import { Secret } from '../kite/secret.ts';
import type { KiteSession } from '../kite/session.ts';
import type { Attempts } from './attempts.ts';
import { type Cookies, cookiesOf } from './cookies.ts';
import type { Origins } from './origins.ts';
import type { PendingLogins } from './pending-logins.ts';

/** What keyrings of browsers are made from. They live as long as the gateway. */
export interface BrowserKeyrings {
  readonly keyrings: Keyrings;
  readonly revocations: Revocations;
  readonly pendingLogins: PendingLogins;
  readonly cookies: Cookies;
  readonly origins: Origins;
  readonly attempts: Attempts;
  readonly now: () => Date;
}

/** One request, as far as keyrings care. */
export interface KeyringRequest {
  readonly request: Request;
  readonly device: DeviceHint;
  /** Takes a Set-Cookie line for the answer. */
  readonly setCookie: (line: string) => void;
}

/** The cookie that names the keyring of a request's browser; null where it has none. */
export function keyringCookieOf({ cookies }: BrowserKeyrings, request: Request): Secret | null {
  const value = cookiesOf(request)[cookies.keyringName];
  return value ? new Secret(value) : null;
}

/**
 * Puts a session into the keyring that a cookie opens, or into a new one, and gives the browser its new cookie.
 * @throws KeyringStoreError, KeyringFullError
 */
export async function keepSession(
  { keyrings, revocations, cookies, now }: BrowserKeyrings,
  { device, setCookie }: KeyringRequest,
  cookie: Secret | null,
  apiKey: string,
  session: KiteSession,
): Promise<Added> {
  const added = await keyrings.add(cookie, { apiKey, userId: session.userId, session }, device);
  // Its end waited for Kite in the row that the new session has taken: it goes on without one.
  if (added.replaced?.state === 'REVOKING') void revocations.endTokens(added.replaced);
  const seconds = Math.floor((added.endsAt.getTime() - now().getTime()) / 1_000);
  setCookie(cookies.set(cookies.keyringName, added.cookie.reveal(), seconds));
  return added;
}
