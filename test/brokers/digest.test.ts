// The digests that stand in ids: the same in every version, as clients and replicas keep them.
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOfText } from '../../src/brokers/credential.ts';

test('a digest is base64url of the first 16 bytes of SHA-256', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
      expect(digestOfText(text)).toBe(bytes.toString('base64url'));
    }),
    { numRuns: 500 },
  );
});
