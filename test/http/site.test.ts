// Which addresses are one site to a browser, and where a cookie may be set.
import { describe, expect, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import {
  isLoopbackName,
  isOrigin,
  keepsCookiesSafe,
  siteRelation,
} from '../../src/http/request/same-site.ts';

describe('siteRelation', () => {
  test.each([
    ['https://app.example.com', 'https://api.example.com', 'same-site'],
    ['https://example.com', 'https://api.example.com:8443', 'same-site'],
    ['https://a.b.example.co.in', 'https://example.co.in', 'same-site'],
    ['https://app.example.com', 'https://app.example.org', 'cross-site'],
    ['http://app.example.com', 'https://api.example.com', 'cross-site'],
    // Suffixes under which strangers register names of their own.
    ['https://one.co.in', 'https://two.co.in', 'cross-site'],
    ['https://one.github.io', 'https://two.github.io', 'cross-site'],
    ['https://one.vercel.app', 'https://two.vercel.app', 'cross-site'],
    ['https://github.io', 'https://one.github.io', 'cross-site'],
    ['https://app.example.com.evil.example', 'https://api.example.com', 'cross-site'],
    ['https://evilexample.com', 'https://example.com', 'cross-site'],
    // Addresses and names without a dot are sites by themselves.
    ['http://127.0.0.1:3000', 'http://127.0.0.1:4000', 'same-site'],
    ['http://[::1]:3000', 'http://[::1]:4000', 'same-site'],
    ['https://192.0.2.1', 'https://192.0.2.1:8443', 'same-site'],
    ['https://192.0.2.1', 'https://192.0.2.2', 'cross-site'],
    ['https://1.192.0.2.1.example', 'https://192.0.2.1', 'cross-site'],
    ['https://intranet', 'https://intranet:8443', 'same-site'],
    ['https://intranet', 'https://other', 'cross-site'],
    // Chromium, Firefox and Safari take localhost for a suffix like every other one.
    ['http://localhost:3000', 'http://localhost:4000', 'same-site'],
    ['http://app.localhost:3000', 'http://app.localhost:4000', 'same-site'],
    ['http://app.kite.localhost', 'http://api.kite.localhost', 'same-site'],
    ['http://app.localhost', 'http://api.localhost', 'cross-site-on-loopback'],
    ['http://localhost', 'http://api.localhost', 'cross-site-on-loopback'],
    ['http://localhost', 'http://127.0.0.1', 'cross-site-on-loopback'],
    ['http://127.0.0.1', 'http://[::1]', 'cross-site-on-loopback'],
    ['http://localhost', 'https://localhost', 'cross-site'],
    ['http://localhost.evil.example', 'http://localhost', 'cross-site'],
  ])('%s and %s: %s', (one, other, relation) => {
    expect(siteRelation(one, other)).toBe(relation);
    expect(siteRelation(other, one)).toBe(relation);
  });
});

test.each([
  ['localhost', true],
  ['app.localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['evillocalhost', false],
])('isLoopbackName: %s is %s', (hostname, is) => {
  expect(isLoopbackName(hostname)).toBe(is);
});

test.each([
  ['https://app.example.com', true],
  ['https://app.example.com:8443', true],
  ['http://localhost:3000', true],
  ['http://[::1]:3000', true],
  ['https://app.example.com/', false],
  ['https://app.example.com/path', false],
  ['https://app.example.com:443', false],
  ['https://APP.example.com', false],
  ['https://user:hunter2@app.example.com', false],
  ['https://*.example.com', false],
  ['*', false],
  ['null', false],
  ['', false],
  ['app.example.com', false],
  ['ftp://app.example.com', false],
  ['file://', false],
])('isOrigin: %s is %s', (text, is) => {
  expect(isOrigin(text)).toBe(is);
});

test.each([
  ['https://api.example.com/kite', true],
  ['http://localhost:4000', true],
  ['http://api.kite.localhost', true],
  ['http://[::1]:4000', true],
  ['http://api.example.com', false],
  ['http://192.168.1.2:4000', false],
  ['ws://localhost', false],
])('keepsCookiesSafe: %s is %s', (address, is) => {
  expect(keepsCookiesSafe(new URL(address))).toBe(is);
});

describe('a gateway that is mounted elsewhere keeps to the same', () => {
  test.each([
    ['plain HTTP', { publicUrl: 'http://api.example.com' }, /https/],
    ['a page for an origin', { allowedOrigins: ['http://localhost:3000/app'] }, /not an origin/],
    ['a star', { allowedOrigins: ['*'] }, /not an origin/],
    ['a password', { allowedOrigins: ['https://me:hunter2@app.example.com'] }, /not an origin/],
    [
      'another site',
      { publicUrl: 'https://api.example.com', allowedOrigins: ['https://example.org'] },
      /https:\/\/example\.org.*https:\/\/api\.example\.com/,
    ],
  ])('%s is refused', (_what, options, why) => {
    const thrown = (() => {
      try {
        createGateway(options);
      } catch (error) {
        return error;
      }
      return null;
    })();
    expect(thrown).toBeInstanceOf(TypeError);
    expect(String(thrown)).toMatch(why);
    expect(String(thrown)).not.toContain('hunter2');
  });
});
