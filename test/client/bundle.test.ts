// The client in a page: small, without dependencies, and without what the page does not use.
import { expect, test } from 'vitest';
import { bundleClient, maxClientBytes } from '../../scripts/client-size.ts';

test('the whole client is smaller than its bound, and imports nothing', async () => {
  const { code, gzipBytes } = await bundleClient();
  expect(gzipBytes).toBeLessThan(maxClientBytes);
  expect(maxClientBytes).toBeLessThanOrEqual(6_000);
  expect(code).not.toMatch(/\bimport\b|\brequire\(|\bprocess\b|\bBuffer\b/);
});

test('a page gets only what it uses', async () => {
  const whole = await bundleClient();
  const one = await bundleClient(['createClient']);
  expect(one.gzipBytes).toBeLessThan(whole.gzipBytes);
  for (const [text, code] of [
    ['marginsChanged', whole.code],
    ['replaceState', whole.code],
  ] as const) {
    expect(code).toContain(text);
    expect(one.code).not.toContain(text);
  }
  const small = await bundleClient(['unwrap', 'takeLoginError']);
  expect(small.code).not.toContain('fetch');
});
