// Unpredictable tokens, and predictable figures.
import { createHash, randomBytes, randomInt } from 'node:crypto';

const alphanumerics = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A random token of 32 letters and digits, as Kite's request and access tokens are. */
export function randomToken(): string {
  let token = '';
  for (let i = 0; i < 32; i++) token += alphanumerics.charAt(randomInt(alphanumerics.length));
  return token;
}

/** A random token of 32 upper-case hexadecimal digits, as Kotak's one-time tokens are. */
export function hexToken(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}

/** Draws the next whole number from `low` to `high`, both included. */
export type Draw = (low: number, high: number) => number;

/**
 * Figures that depend on nothing but the seed, the user's number and what they are drawn for,
 * so that the same user has the same data whenever and in whatever order it is asked for.
 */
export function seededDraw(seed: number, userNumber: number, purpose: string): Draw {
  // A hash that can be made as long as needed: 32 draws of 32 bits each are more than anyone asks for.
  const bytes = createHash('shake256', { outputLength: 128 })
    .update(`${seed}/${userNumber}/${purpose}`)
    .digest();
  let next = 0;
  return (low, high) => {
    const bits = bytes.readUInt32LE(next % bytes.length);
    next += 4;
    return low + (bits % (high - low + 1));
  };
}
