// From a request to the keyring of its browser: whether it may have one, and what is in it.
import type { Secret } from '../../brokers/upstream/secret.ts';
import type { BrowserKeyring } from '../../browser-keyring.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { Origins } from '../request/origins.ts';
import { type BrowserKeyrings, keyringCookieOf } from './browser-keyrings.ts';
import { RequestKeyring } from './request-keyring.ts';

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
export function openBrowserKeyring(
  services: BrowserKeyrings,
  about: KeyringRequest,
  hasCredentials: boolean,
): BrowserKeyring | Promise<BrowserKeyring> {
  const { request } = about;
  const barred = barredBecause(request, hasCredentials, services.origins);
  const cookie = barred === null ? keyringCookieOf(services, request) : null;
  return cookie === null
    ? new RequestKeyring(services, about, { barred, cookie })
    : openByCookie(services, about, cookie);
}

async function openByCookie(
  services: BrowserKeyrings,
  about: KeyringRequest,
  cookie: Secret,
): Promise<BrowserKeyring> {
  const { keyrings, revocations } = services;
  const barred = null;
  try {
    const keyring = await keyrings.open(cookie, about.device);
    if (keyring !== null) revocations.resume(keyring.id, keyring.sessions);
    return new RequestKeyring(services, about, { barred, cookie, keyring });
  } catch (error) {
    if (!(error instanceof KeyringStoreError)) throw error;
    return new RequestKeyring(services, about, { barred, cookie, unavailable: true });
  }
}
