// Logins that a browser has begun and not finished: each in a encrypted, short-lived cookie of its own, so that
// a link from elsewhere finds none, and several can go on side by side.
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Encrypter } from '../../keyring/crypto/encrypter.ts';
import type { Limits } from '../../limits.ts';
import { type Cookies, cookiesOf } from '../request/cookies.ts';

/** A login that this browser has begun and not finished. */
interface PendingLogin {
  /** The nonce that Kite hands back. */
  readonly nonce: string;
  /** The app that the user logs in through. */
  readonly apiKey: string;
  /** Where the browser goes afterwards; null: to the gateway's own page. */
  readonly returnTo: string | null;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/** A pending login as its cookie holds it. */
export interface FoundLogin extends PendingLogin {
  /** The cookie's name. */
  readonly cookieName: string;
  /** Whether it took too long. */
  readonly late: boolean;
}

/** The unfinished logins of browsers. */
export interface PendingLogins {
  /** Begins a login: its nonce, and the Set-Cookie lines that remember it and forget those that are too many. */
  begin(
    request: Request,
    login: { readonly apiKey: string; readonly returnTo: string | null },
  ): { readonly nonce: string; readonly setCookies: readonly string[] };
  /** The logins that a request's cookies hold, the newest first. What does not open is left out. */
  find(request: Request): readonly FoundLogin[];
}

const shape = z.object({
  nonce: z.string(),
  apiKey: z.string(),
  returnTo: z.string().nullable(),
  startedAt: z.number(),
});

/** Keeps pending logins in cookies that only this gateway, and its replicas with the same keys, can open. */
export function createPendingLogins(
  cookies: Cookies,
  encrypter: Encrypter,
  limits: Limits,
  now: () => Date,
): PendingLogins {
  function find(request: Request): readonly FoundLogin[] {
    const encrypted = Object.entries(cookiesOf(request)).filter(([name]) =>
      name.startsWith(cookies.loginPrefix),
    );
    const found = encrypted.flatMap(([cookieName, value]) => {
      const opened = encrypter.decrypt(['login', cookieName], value ?? '');
      const login = opened.ok ? shape.safeParse(opened.value) : null;
      if (!login?.success) return [];
      const late = now().getTime() - login.data.startedAt > limits.pendingLoginSeconds * 1_000;
      return [{ ...login.data, cookieName, late }];
    });
    return found.sort((one, other) => other.startedAt - one.startedAt);
  }

  /** The names of the cookies that have to go for a new one: what does not open first, then the oldest. */
  function beyondBounds(request: Request, found: readonly FoundLogin[], newBytes: number) {
    const sent = cookiesOf(request);
    const ours = Object.keys(sent).filter((name) => name.startsWith(cookies.loginPrefix));
    const readable = found.map(({ cookieName }) => cookieName);
    let bytes = newBytes;
    const kept = readable.filter((name, index) => {
      bytes += name.length + (sent[name]?.length ?? 0);
      return index < limits.pendingLogins - 1 && bytes <= limits.pendingLoginBytes;
    });
    return ours.filter((name) => !kept.includes(name));
  }

  function cookieNameOf(nonce: string): string {
    const digest = createHash('sha256').update(nonce).digest();
    return cookies.loginPrefix + digest.toString('base64url', 0, 9);
  }

  return {
    find,
    begin(request, login) {
      const nonce = randomBytes(24).toString('base64url');
      const name = cookieNameOf(nonce);
      const pending: PendingLogin = { nonce, ...login, startedAt: now().getTime() };
      const value = encrypter.encrypt(['login', name], pending);
      const tooMany = beyondBounds(request, find(request), name.length + value.length);
      return {
        nonce,
        setCookies: [
          // Longer than the login may take, so that a late return is told that it is late.
          cookies.set(name, value, 6 * limits.pendingLoginSeconds),
          ...tooMany.map((cookieName) => cookies.clear(cookieName)),
        ],
      };
    },
  };
}
