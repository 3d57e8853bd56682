// The types of pictures that the console shows as a logo: those that cannot hold a script.

/** The first bytes of each, as hexadecimal digits. */
const signatures: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['image/png', /^89504e470d0a1a0a/],
  ['image/jpeg', /^ffd8ff/],
  ['image/webp', /^52494646.{8}57454250/],
];

/** The media type of a PNG, JPEG or WebP picture, by its first bytes; null for anything else, SVG included. */
export function imageTypeOf(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('hex');
  return signatures.find(([, pattern]) => pattern.test(start))?.[0] ?? null;
}
