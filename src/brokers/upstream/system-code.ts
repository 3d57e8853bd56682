// The code of a failure's cause, as a log may hold it.

/**
 * What a system or a library calls a failure, such as `ECONNREFUSED`; null for anything that is not such a word, so
 * that nothing from outside gets into a log by this way.
 */
export function systemCode(code: unknown): string | null {
  return typeof code === 'string' && /^[A-Z][A-Z0-9_/]{1,63}$/.test(code) ? code : null;
}
