// The caller a request counts for.
import { expect, test } from 'vitest';
import { callerIdOf } from '../../src/http/request/client-info.ts';

const from = (ipAddress: string | null) => callerIdOf(null, { ipAddress, userAgent: null });

test('a keyring is one caller wherever it is used from', () => {
  const phone = { ipAddress: '192.0.2.1', userAgent: null };
  const desk = { ipAddress: '2001:db8::1', userAgent: null };
  expect(callerIdOf('ring', phone)).toBe(callerIdOf('ring', desk));
  expect(callerIdOf('ring', phone)).not.toBe(callerIdOf('other', phone));
});

test('without a keyring an address is a caller, and so is a whole IPv6 network', () => {
  expect(from('192.0.2.1')).not.toBe(from('192.0.2.2'));
  expect(from('192.0.2.1')).toBe(from('::ffff:192.0.2.1'));
  expect(from('2001:db8:0:7::1')).toBe(from('2001:0DB8::7:ffff:0:0:9'));
  expect(from('2001:db8:0:7::1')).not.toBe(from('2001:db8:0:8::1'));
  expect(from(null)).toBe('unknown');
});
