// Cache-Control as requests send it: how old an answer they accept (RFC 9111, section 5.2.1).

// A directive: a name, and perhaps a value, which is a word or a quoted string. Whatever else there is up to the
// next comma means nothing.
const directive = /([^\s,;="]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?([^,]*)/g;

/**
 * Seconds: the greatest age of an answer that the header accepts; 0 where it names none, or none that can be read.
 * Of several max-age the least counts; `no-cache` and `no-store` win.
 */
export function acceptedAge(header: string | null): number {
  if (header === null) return 0;
  const ages: number[] = [];
  for (const [, name = '', quoted, word, rest = ''] of header.matchAll(directive)) {
    const lowerCase = name.toLowerCase();
    if (lowerCase === 'no-cache' || lowerCase === 'no-store') return 0;
    if (lowerCase === 'max-age') ages.push(rest.trim() === '' ? seconds(quoted ?? word) : 0);
  }
  return ages.length === 0 ? 0 : Math.min(...ages);
}

function seconds(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : 0;
}
