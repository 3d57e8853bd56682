// A broker's own words, made safe to repeat to a client and to a log.
import type { Secret } from './secret.ts';

/** Characters that are repeated: a promise of the API. */
const longest = 200;
/** Characters that are read: far more than any message worth showing has, and few enough for a hostile upstream. */
const longestRead = 2_000;
/** A shorter piece of a secret says too little to be worth hiding. No setting: a greater one would let secrets out. */
const shortestPiece = 6;

/** What looks like a token, though this request did not carry it: 32 letters or digits, or 16 with both among them. */
const tokenLike =
  /(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9]{32,}|(?=[A-Za-z+/_=-]*[0-9])(?=[0-9+/_=-]*[A-Za-z])[A-Za-z0-9+/_=-]{16,})/g;

const markup = /<[a-z!/?]/i;
const addresses = [
  /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\[?(?:(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]*|[0-9a-f:]*::[0-9a-f:]*)\]?(?::\d+)?/gi,
  /\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\b/gi,
  /\b[a-z][a-z0-9-]*:\d{2,5}\b/gi,
];

/**
 * At most 200 printable characters of an upstream message, with this request's secrets replaced
 * whole or in part, as well as what looks like a token, and hosts and addresses replaced; null for markup and for nothing at all.
 */
export function cleanMessage(message: unknown, secrets: readonly Secret[]): string | null {
  if (typeof message !== 'string' || markup.test(message)) return null;
  let text = message.slice(0, longestRead);
  for (const secret of secrets) text = withoutSecret(text, secret.reveal());
  if (latest?.text !== text) latest = { text, clean: cleaned(text) };
  return latest.clean;
}

/** The same for a word of letters alone, such as the name of an error: no address is in it. */
export function cleanWord(word: string, secrets: readonly Secret[]): string {
  let text = word;
  for (const secret of secrets) text = withoutSecret(text, secret.reveal());
  return text.replace(tokenLike, '[redacted]');
}

/** Most refusals say the same, and looking through a message for addresses costs more than all else of a refusal. */
let latest: { readonly text: string; readonly clean: string | null } | null = null;

function cleaned(message: string): string | null {
  let text = message.replace(tokenLike, '[redacted]');
  for (const address of addresses) text = text.replace(address, '[address]');
  text = text
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return text === '' ? null : text.slice(0, longest);
}

function withoutSecret(text: string, secret: string): string {
  const size = Math.min(shortestPiece, secret.length);
  if (size === 0) return text;
  let clean = '';
  /** Where the text begins that is not in `clean` yet. */
  let rest = 0;
  let position = 0;
  while (position + size <= text.length) {
    let end = position + size;
    // The first character by itself: most are in no secret.
    const isPiece =
      secret.includes(text.charAt(position)) && secret.includes(text.slice(position, end));
    if (!isPiece) {
      position += 1;
      continue;
    }
    while (end < text.length && secret.includes(text.slice(position, end + 1))) end += 1;
    clean += `${text.slice(rest, position)}[redacted]`;
    position = end;
    rest = end;
  }
  return clean + text.slice(rest);
}
