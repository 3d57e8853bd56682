// What the log says of an unexpected error: its message, without any piece of what the request sent as a secret.
import { cleanMessage } from '../../brokers/upstream/clean-message.ts';

/** A shorter word is not a secret, and replacing it would hide the message. No setting: a greater one would let secrets out. */
const shortestWord = 6;
/** Characters of a message that are looked at. */
const longestMessage = 2_000;

/**
 * The message with every piece of the request's Authorization and Cookie headers replaced, six characters or longer.
 * One pass over the headers marks what to hide, one pass over the message hides it: the work is bounded by the two.
 */
export function redact(message: string, headers: Headers): string | null {
  const text = message.slice(0, longestMessage);
  const places = new Map<string, number[]>();
  for (let at = 0; at + shortestWord <= text.length; at += 1) {
    const piece = text.slice(at, at + shortestWord);
    const known = places.get(piece);
    if (known === undefined) places.set(piece, [at]);
    else known.push(at);
  }
  const hidden = new Uint8Array(text.length);
  const sent = `${headers.get('authorization') ?? ''},${headers.get('cookie') ?? ''}`;
  for (const word of sent.split(/[\s,:;=]+/)) {
    for (let at = 0; at + shortestWord <= word.length; at += 1) {
      const piece = word.slice(at, at + shortestWord);
      for (const place of places.get(piece) ?? []) hidden.fill(1, place, place + shortestWord);
      // The places are marked; a header that repeats the piece need not mark them again.
      places.delete(piece);
    }
  }
  let clean = '';
  for (let at = 0; at < text.length; at += 1) {
    if (hidden[at] === 0) clean += text[at];
    else if (hidden[at - 1] !== 1) clean += '[redacted]';
  }
  return cleanMessage(clean, []);
}
