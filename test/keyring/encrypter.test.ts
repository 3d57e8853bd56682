// The encrypter: a text decrypts only unchanged, with its key and at its place.
import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { expect, test } from 'vitest';
import { type Binding, createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey, parseKeyringKeys } from '../../src/keyring/crypto/keys.ts';

const encrypter = createEncrypter([generateKey()]);
const binding: fc.Arbitrary<Binding> = fc.tuple(fc.string(), fc.string(), fc.string());

test('decrypts its texts with any of its keys', () =>
  fc.assert(
    fc.asyncProperty(
      binding,
      fc.jsonValue(),
      fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 4 }),
      async (place, value, keys) => {
        const json = JSON.parse(JSON.stringify(value));
        for (const key of keys) {
          const encrypted = createEncrypter([key]).encrypt(place, value);
          expect(encrypted).toMatch(/^[\w.-]+$/);
          expect(createEncrypter(keys).decrypt(place, encrypted)).toEqual({
            ok: true,
            value: json,
          });
        }
      },
    ),
    { numRuns: 50 },
  ));

test('writes and reads JWE compact with dir and A256GCM, as any JOSE library does', () =>
  fc.assert(
    fc.asyncProperty(binding, fc.jsonValue(), async (place, value) => {
      const bytes = generateKey();
      const key = createSecretKey(bytes);
      const own = createEncrypter([bytes]);
      const json = JSON.parse(JSON.stringify(value));
      const { plaintext, protectedHeader } = await compactDecrypt(own.encrypt(place, value), key);
      expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(json);
      const foreign = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
        .setProtectedHeader({ ...protectedHeader, alg: 'dir', enc: 'A256GCM' })
        .encrypt(key);
      expect(own.decrypt(place, foreign)).toEqual({ ok: true, value: json });
    }),
    { numRuns: 50 },
  ));

test('refuses a text with a part too many, a part too few, or a short nonce or tag', () => {
  const parts = encrypter.encrypt(['record', 'a'], 'value').split('.');
  const short = (index: number) =>
    parts.map((part, i) => (i === index ? part.slice(0, -4) : part)).join('.');
  const texts = [`${parts.join('.')}.`, parts.slice(0, 4).join('.'), short(2), short(4)];
  for (const text of texts) {
    expect(encrypter.decrypt(['record', 'a'], text)).toEqual({ ok: false, reason: 'tampered' });
  }
});

test('does not open elsewhere', () =>
  fc.assert(
    fc.asyncProperty(binding, binding, async (place, other) => {
      fc.pre(place.join('\0') !== other.join('\0'));
      const encrypted = encrypter.encrypt(place, 'value');
      expect(encrypter.decrypt(other, encrypted)).toEqual({ ok: false, reason: 'elsewhere' });
    }),
    { numRuns: 50 },
  ));

test('does not open with one part more, one less, or parts run together', async () => {
  const encrypted = encrypter.encrypt(['record', 'a', 'b'], 'value');
  const places: Binding[] = [
    ['record', 'a'],
    ['record', 'a', 'b', ''],
    ['record', 'ab'],
    ['login'],
  ];
  for (const place of places) {
    expect(encrypter.decrypt(place, encrypted)).toEqual({ ok: false, reason: 'elsewhere' });
  }
});

test('does not open once a character is changed', async () => {
  const encrypted = encrypter.encrypt(['record', 'a'], { token: 'secret' });
  const parts = encrypted.split('.');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(encrypted.length - 1),
      fc.constantFrom(...'Az09-_.'),
      async (at, next) => {
        const changed = encrypted.slice(0, at) + next + encrypted.slice(at + 1);
        // The last character of a part has bits that base64url does not use.
        const isSame = changed
          .split('.')
          .every((part, i) =>
            Buffer.from(part, 'base64url').equals(Buffer.from(parts[i] ?? '', 'base64url')),
          );
        fc.pre(!isSame);
        expect(encrypter.decrypt(['record', 'a'], changed).ok).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test('never throws, whatever it is given', () =>
  fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), fc.json()), async (text) => {
      const opened = encrypter.decrypt(['record'], text);
      expect(opened.ok).toBe(false);
    }),
  ));

test('encrypts with the first key', async () => {
  const [first, second] = [generateKey(), generateKey()];
  const encrypted = createEncrypter([first, second]).encrypt(['login'], 1);
  expect(createEncrypter([first]).decrypt(['login'], encrypted)).toEqual({ ok: true, value: 1 });
  const reason = 'unknown-key';
  expect(createEncrypter([second]).decrypt(['login'], encrypted)).toEqual({ ok: false, reason });
});

test('needs keys of 32 bytes', () => {
  expect(() => createEncrypter([])).toThrow(TypeError);
  expect(() => createEncrypter([new Uint8Array(16)])).toThrow('A key has 16 bytes, not 32');
});

test('reads keys in both alphabets of base64', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
      fc.pre(new Set(key).size >= 16);
      const bytes = Buffer.from(key);
      const text = `${bytes.toString('base64')}, ${bytes.toString('base64url')}`;
      expect(parseKeyringKeys(text)).toEqual([key, key]);
    }),
  ));

const goodKey = Buffer.from(generateKey()).toString('base64');
const regular = (text: string) => Buffer.alloc(32, text).toString('base64');
const weak = 'is too regular to be random; make one with: openssl rand -base64 32';

test.each([
  ['', 'Key 1 of 1 has 0 bytes, not 32'],
  ['c2hvcnQtc2VjcmV0', 'Key 1 of 1 has 12 bytes, not 32'],
  [`${goodKey},`, 'Key 2 of 2 has 0 bytes, not 32'],
  [`${goodKey},${'A'.repeat(44)}`, 'Key 2 of 2 has 33 bytes, not 32'],
  [regular('\0'), `Key 1 of 1 ${weak}`],
  [`${goodKey},${regular('\xff')}`, `Key 2 of 2 ${weak}`],
  [regular('0123456789'), `Key 1 of 1 ${weak}`],
  ['my secret phrase!', 'Key 1 of 1 is not base64 (it has 17 characters)'],
])('names a faulty key by its place and length (%#)', (text, message) => {
  expect(() => parseKeyringKeys(text)).toThrow(new Error(message));
});
