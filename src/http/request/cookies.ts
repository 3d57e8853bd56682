// The gateway's cookies: their names, their attributes, and how a request's are read.
import { parseCookie, stringifySetCookie } from 'cookie';
import { Secret } from '../../brokers/upstream/secret.ts';

/** The names and attributes of the gateway's cookies, which depend on how browsers reach it. */
export interface Cookies {
  /** The name of the cookie that opens a keyring. */
  readonly keyringName: string;
  /** What the names of cookies of unfinished logins begin with. */
  readonly loginPrefix: string;
  /** A Set-Cookie line. HttpOnly, SameSite=Lax, Path=/; Secure but on plain HTTP. */
  set(name: string, value: string, maxAgeSeconds: number): string;
  /** A Set-Cookie line that takes a cookie back. */
  clear(name: string): string;
}

/**
 * The cookies of a gateway.
 * @param secure whether browsers reach it by HTTPS; then only names with `__Host-` count, which no
 *   other host and no plain page can set.
 * @param name of the keyring's cookie, from which the others' are made: gateways on one host have different ones.
 */
export function createCookies(secure: boolean, name: string): Cookies {
  const prefix = secure ? '__Host-' : '';
  const set = (name: string, value: string, maxAge: number) =>
    stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure });
  return {
    keyringName: prefix + name,
    loginPrefix: `${prefix}${name}-login-`,
    set,
    clear: (name) => set(name, '', 0),
  };
}

/** The cookies that came with a request. */
export function cookiesOf(request: Request): Readonly<Record<string, string | undefined>> {
  return parseCookie(request.headers.get('cookie') ?? '');
}

/**
 * The value of a cookie in a Cookie header; null where it is not there, `ambiguous` where it is there with several
 * values: what stands between browser and gateway may have read another one than the gateway does.
 */
export function cookieValue(header: string, name: string): Secret | 'ambiguous' | null {
  const values = new Set(
    header.split(';').flatMap((pair) => {
      const [before = '', ...after] = pair.split('=');
      return before.trim() === name ? [after.join('=').trim()] : [];
    }),
  );
  const [value] = values;
  if (values.size > 1) return 'ambiguous';
  return value ? new Secret(value) : null;
}
