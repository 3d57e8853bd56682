// The client's address behind a proxy: with a port or in brackets it is the same one, and what cannot be read is said once.
// The caller that a request counts for.
import { expect, test } from 'vitest';
import {
  callerIdOf,
  createClientInfoReader,
  isLoopbackAddress,
  networkOf,
} from '../../src/http/request/client-info.ts';
import { readableLog } from '../support/readable-log.ts';

const context = { req: { socket: { remoteAddress: '192.0.2.1' } } };
const from = (forwarded: string) =>
  new Request('http://localhost/', { headers: { 'x-forwarded-for': forwarded } });

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:54321', '203.0.113.7'],
  ['[2001:db8::7]:443', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['"[2001:db8::7]"', '2001:db8::7'],
  ['"[2001:db8::7]:4711"', '2001:db8::7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['198.51.100.1, 203.0.113.7:5000', '203.0.113.7'],
  ['198.51.100.1,  203.0.113.7 ', '203.0.113.7'],
])('X-Forwarded-For: %s is the client %s', (forwarded, address) => {
  const { lines, logger } = readableLog();
  const readClientInfo = createClientInfoReader({ trustProxy: true }, logger);
  expect(readClientInfo(from(forwarded), context).ipAddress).toBe(address);
  expect(lines).toEqual([]);
});

test.each([
  'unknown',
  '_hidden',
  '203.0.113.7:',
  '203.0.113',
  '1',
  '[2001:db8::7',
  '203.0.113.7,',
  '0x7f.1',
])('X-Forwarded-For: %s counts for the proxy, and is logged once and not echoed', (forwarded) => {
  const { lines, logger } = readableLog();
  const readClientInfo = createClientInfoReader({ trustProxy: true }, logger);
  for (let n = 0; n < 3; n += 1)
    expect(readClientInfo(from(forwarded), context).ipAddress).toBe('192.0.2.1');
  expect(lines).toHaveLength(1);
});

test('without a trusted proxy the header says nothing, and the log says once that all users count as one', () => {
  const { lines, logger } = readableLog();
  const readClientInfo = createClientInfoReader({ trustProxy: false }, logger);
  for (let n = 0; n < 3; n += 1)
    expect(readClientInfo(from('203.0.113.7'), context).ipAddress).toBe('192.0.2.1');
  expect(lines).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toContain('203.0.113.7');
});

test('all addresses of one IPv6 network count as one, however they are written', () => {
  const readClientInfo = createClientInfoReader({ trustProxy: true }, readableLog().logger);
  const keys = ['[2001:db8:0:1::7]:443', '2001:0DB8:0:1:ffff::1', '"[2001:db8:0:1::]"'].map(
    (forwarded) => networkOf(readClientInfo(from(forwarded), context).ipAddress ?? ''),
  );
  expect(new Set(keys).size).toBe(1);
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:cb00:7107', '203.0.113.7'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
  ['unknown', 'unknown'],
])('the address %s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::2', false],
  ['10.0.0.1', false],
  ['', false],
])('%s is this machine: %s', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

const callerFrom = (ipAddress: string | null) => callerIdOf(null, { ipAddress, userAgent: null });

test('a keyring is one caller wherever it is used from', () => {
  const phone = { ipAddress: '192.0.2.1', userAgent: null };
  const desk = { ipAddress: '2001:db8::1', userAgent: null };
  expect(callerIdOf('ring', phone)).toBe(callerIdOf('ring', desk));
  expect(callerIdOf('ring', phone)).not.toBe(callerIdOf('other', phone));
});

test('without a keyring an address is a caller, and so is a whole IPv6 network', () => {
  expect(callerFrom('192.0.2.1')).not.toBe(callerFrom('192.0.2.2'));
  expect(callerFrom('192.0.2.1')).toBe(callerFrom('::ffff:192.0.2.1'));
  expect(callerFrom('2001:db8:0:7::1')).toBe(callerFrom('2001:0DB8::7:ffff:0:0:9'));
  expect(callerFrom('2001:db8:0:7::1')).not.toBe(callerFrom('2001:db8:0:8::1'));
  expect(callerFrom(null)).toBe('unknown');
});
