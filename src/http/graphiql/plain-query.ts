// What of a query may leave the page: nothing that its author may have typed as a secret. It runs in browsers, from its own
// source text.

/**
 * The query without what may be a secret. In a mutation, and wherever a name tells of a login or of a secret, each text,
 * number and word that stands for a value is empty: a login whose keyword is forgotten is refused with a password that
 * stays valid. It may refer to nothing but its arguments and what browsers have.
 * @param hasComments whether the comments of other queries stay.
 */
export function plainQuery(
  query: string,
  hasComments: boolean,
): { readonly text: string; readonly mayLogIn: boolean } {
  const words = /\b(?:mutation|(?:begin|complete|exchange|renew)\w*)\b/;
  const names = /\w*(?:pass|pin|otp|secret|token|code|sum|credential)\w*\s*:/i;
  const mayLogIn = words.test(query) || names.test(query);
  // An open text ends with its line, or with the query.
  const tokens =
    /"""(?:\\"""|[\s\S])*?(?:"""|$)|"(?:[^"\\\n]|\\.)*(?:"|(?=\n)|$)|#[^\n]*|\$\w+|@\w+|-?[\w.+]+|[():=,]/g;
  let depth = 0;
  let isType = false;
  let isAfterVariable = false;

  /** Whether a word within parentheses stands for a value. */
  function isValue(word: string, rest: string): boolean {
    if (isType || /^(?:true|false|null)$/.test(word)) return false;
    return /^[\w-]/.test(word) && !/^\s*:/.test(rest);
  }
  const text = query.replace(tokens, (part, offset: number) => {
    if (part.startsWith('#')) return hasComments && !mayLogIn ? part : '';
    if (!mayLogIn) return part;
    if (part.startsWith('"')) return '""';
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === ':') isType = isAfterVariable;
    else if (/^[()=,$]/.test(part)) isType = false;
    isAfterVariable = part.startsWith('$');
    return depth > 0 && isValue(part, query.slice(offset + part.length)) ? '""' : part;
  });
  return { text, mayLogIn };
}
