// Whom the gateway trusts: its own origin, and those that the operator allowed.

/** The trusted origins. */
export interface Origins {
  /** The gateway's own, such as `https://api.example.com`. */
  readonly own: string;
  /** Whether the cookie's name may have its `__Host-` prefix: everywhere but on plain HTTP. */
  readonly secure: boolean;
  /** Whether a request with this Origin header may use a keyring. */
  isTrusted(origin: string | null): boolean;
  /** Whether CORS answers may name this Origin. */
  isAllowed(origin: string | null): origin is string;
  /** The absolute form of a page of a trusted origin; null for any other address. */
  trustedPage(address: string): string | null;
}

/** Knows the trusted origins. */
export function createOrigins(publicUrl: URL, allowedOrigins: readonly string[]): Origins {
  const own = publicUrl.origin;
  const allowed = new Set(allowedOrigins);
  const isAllowed = (origin: string | null): origin is string =>
    origin !== null && allowed.has(origin);
  const isTrusted = (origin: string | null) => origin === own || isAllowed(origin);
  return {
    own,
    secure: publicUrl.protocol === 'https:',
    isTrusted,
    isAllowed,
    trustedPage(address) {
      const url = URL.parse(address, own);
      // A user name in an address only ever serves to mislead.
      const isPlain = url !== null && url.username === '' && url.password === '';
      return isPlain && isTrusted(url.origin) ? url.href : null;
    },
  };
}
