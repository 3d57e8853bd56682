// From a request to the keyring of its browser: whether it may have one, what is in it, and the cookies that follow.
import type { BrowserKeyring } from '../../browser-keyring.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { callerIdOf } from '../request/caller-id.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { Origins } from '../request/origins.ts';
import { type BrowserKeyrings, keyringCookieOf } from './browser-keyrings.ts';

/** Why a request may not use a keyring, as a sentence for its sender; null when it may. */
function barredBecause(request: Request, hasCredentials: boolean, origins: Origins): string | null {
  if (hasCredentials) {
    return 'This request came with credentials in its Authorization header, and then no keyring is used.';
  }
  if (request.method !== 'POST') {
    return 'A keyring is only used for operations sent by POST, as application/json.';
  }
  const origin = request.headers.get('origin');
  if (origins.isTrusted(origin)) return null;
  return origin === null
    ? `A keyring is only used by browsers, which send an Origin header: ${origins.own}, or one of ALLOWED_ORIGINS.`
    : `The Origin of this request is neither ${origins.own} nor one of ALLOWED_ORIGINS.`;
}

/**
 * Opens the keyring of the browser behind a request: one look-up in the store, and none without a cookie.
 * @param hasCredentials whether the Authorization header named accounts: then no keyring is opened.
 * A store that is down gives a keyring that says so, because header credentials and `apps` still work.
 */
export async function openBrowserKeyring(
  services: BrowserKeyrings,
  about: KeyringRequest,
  hasCredentials: boolean,
): Promise<BrowserKeyring> {
  const { keyrings, revocations, logins, renewals, cookies, origins, attempts } = services;
  const { request, requestId, device, setCookie } = about;
  const barred = barredBecause(request, hasCredentials, origins);
  let cookie = barred === null ? keyringCookieOf(services, request) : null;
  let keyring: Keyring | null = null;
  let unavailable = false;
  if (cookie !== null) {
    try {
      keyring = await keyrings.open(cookie, device);
      if (keyring !== null) revocations.resume(keyring.id, keyring.sessions);
    } catch (error) {
      if (!(error instanceof KeyringStoreError)) throw error;
      unavailable = true;
    }
  }
  let keyringId = keyring?.id ?? null;

  return {
    barred,
    id: keyringId,
    unavailable,
    sessions: keyring?.sessions ?? [],
    async completeLogin(redirect) {
      const { result, keyring } = await logins.complete(about, cookie, redirect);
      if (keyring !== null) ({ cookie, keyringId } = keyring);
      return result;
    },
    mayAttempt: () => attempts(device.ipAddress),
    async renew(record, refreshToken, proof) {
      const callerId = callerIdOf(keyringId, device);
      return keyringId === null
        ? null
        : renewals({ keyringId, record, refreshToken, proof, callerId, requestId });
    },
    async expire(record) {
      if (keyringId === null) return;
      // A store that is down is no reason to hide that the session is over; the next read will try again.
      await keyrings.markExpired(keyringId, record).catch(() => undefined);
    },
    async revoke(record, operation) {
      return keyringId === null ? null : revocations.endSession(keyringId, record, operation);
    },
    async clearIfEmpty() {
      if (cookie === null) return;
      const gone = await keyrings.forgetIfEmpty(cookie).catch(() => false);
      if (gone) setCookie(cookies.clear(cookies.keyringName));
    },
  };
}
