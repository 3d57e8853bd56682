// The client's address behind a proxy: with a port or in brackets it is the same one, and what cannot be read is said once.
import { expect, test } from 'vitest';
import {
  createClientInfoReader,
  isLoopback,
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
  expect(isLoopback(address)).toBe(expected);
});
