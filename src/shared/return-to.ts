// Where a login may lead: the one rule for `/login` and for `App.loginUrl`.

/** The page that a login leads to, or what is said of an address that may not be one. */
export type ReturnTo = { readonly page: string } | { readonly refusal: string };

/** Judges an address that a login is to lead to. */
export type ReturnToRule = (address: string) => ReturnTo;

/**
 * Makes the rule: a page of a trusted origin, over HTTP, with an address of bounded length.
 * @param trustedPage the absolute form of a page of a trusted origin; null for any other address.
 */
export function createReturnToRule(
  trustedPage: (address: string) => string | null,
  maxCharacters: number,
): ReturnToRule {
  const refusal =
    'returnTo must be a page of this gateway’s own origin or of one that its operator allowed, ' +
    `and its address at most ${maxCharacters} characters long.`;
  return (address) => {
    const page = address.length > maxCharacters ? null : trustedPage(address);
    if (page === null) return { refusal };
    // As given, and as a cookie will hold it: encoded, it may be nine times as long.
    const encoded = page.length - `${new URL(page).origin}/`.length;
    return encoded > maxCharacters ? { refusal } : { page };
  };
}
