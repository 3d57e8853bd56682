// The settings of session tokens: every fault at once, in words, and never a piece of a key.
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { SessionTokens, SessionTokensError } from '../../src/session-tokens/session-tokens.ts';
import { claimPaths } from '../../src/session-tokens/token-template.ts';
import { emptyFolder } from '../support/processes/command.ts';
import { signingKey } from '../support/values/signing-keys.ts';

const ed = signingKey('EdDSA', 'first');
const ec = signingKey('ES256', 'second');
const templates = { default: { audience: 'orders' } };

function faultsOf(settings: unknown): readonly string[] {
  try {
    new SessionTokens(settings);
  } catch (error) {
    if (error instanceof SessionTokensError) return error.faults;
    throw error;
  }
  return [];
}

const faultsOfKey = (jwk: unknown) => faultsOf({ keys: [jwk], templates });
const faultsOfTemplate = (template: unknown) =>
  faultsOf({ keys: [ed], templates: { one: template } });
const faultsOfClaims = (claims: unknown) => faultsOfTemplate({ claims });
const jwkOf = (type: 'rsa' | 'x25519' | 'ed448') =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : type === 'x25519'
      ? generateKeyPairSync('x25519')
      : generateKeyPairSync('ed448')
  ).privateKey.export({ format: 'jwk' });
const ecOf = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' });

describe('a key', () => {
  test.each([
    ['of Ed25519', ed],
    ['of Ed25519, by its newer name', { ...ed, alg: 'Ed25519' }],
    ['of P-256', { ...ec, alg: 'ES256', use: 'sig', key_ops: ['sign'] }],
  ])('%s is accepted', (_what, key) => {
    expect(faultsOfKey(key)).toEqual([]);
  });

  test.each([
    ['RSA', jwkOf('rsa'), /key 1 is RSA: only private keys of Ed25519 \(kty OKP\) and P-256/],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' }, /key 1 is oct: only/],
    ['X25519', jwkOf('x25519'), /key 1 is X25519: only/],
    ['Ed448', jwkOf('ed448'), /key 1 is Ed448: only/],
    ['P-384', ecOf('P-384'), /key 1 is P-384: only/],
    ['secp256k1', ecOf('secp256k1'), /key 1 is secp256k1: only/],
    [
      'an Ed25519 key under the type of the other curve',
      { ...ed, kty: 'EC' },
      /another type or curve/,
    ],
    [
      'a P-256 key under the name of the other curve',
      { ...ec, crv: 'Ed25519' },
      /another type or curve/,
    ],
    ['not a key', 'c2VjcmV0', /key 1 must be a JWK/],
    ['public', { ...ed, d: undefined }, /key 1 has no d: the private key is needed/],
    ['of a wrong length', { ...ec, d: ec.d?.slice(4) }, /key 1 has no readable d/],
    [
      'of another private part',
      { ...ed, d: signingKey('EdDSA').d },
      /does not belong to its private part/,
    ],
    [
      'of another point',
      { ...ec, y: signingKey('ES256').y },
      /does not belong to its private part/,
    ],
    ['for another algorithm', { ...ec, alg: 'HS256' }, /leave alg out, or write ES256/],
    ['with the algorithm of the other curve', { ...ed, alg: 'ES256' }, /write EdDSA/],
    ['for encryption', { ...ec, use: 'enc' }, /must have the use "sig"/],
    ['for verifying alone', { ...ec, key_ops: ['verify'] }, /must have "sign"/],
    ['with a kid of two lines', { ...ed, kid: 'a\nb' }, /kid of 1 to 200 printable/],
    ['with a kid that is no text', { ...ed, kid: 7 }, /kid of 1 to 200 printable/],
  ])('that is %s is refused in words, without any of its values', (_what, key, words) => {
    const faults = faultsOfKey(key);
    expect(faults.join('\n')).toMatch(words);
    const { kty: _type, crv: _curve, alg: _alg, use: _use, ...values } = Object(key);
    for (const value of Object.values(values).filter((one) => String(one).length > 3)) {
      expect(faults.join('\n')).not.toContain(String(value));
    }
  });

  test('that has the kid or the value of another one is refused', () => {
    const other = signingKey('ES256', 'first');
    expect(faultsOf({ keys: [ed, other], templates })).toEqual([
      'keys: key 2 has the same kid as key 1',
    ]);
    expect(faultsOf({ keys: [ed, ec, { ...ed, kid: 'third' }], templates })).toEqual([
      'keys: key 3 is the same as key 1',
    ]);
  });

  test('without a kid has its thumbprint as one; what is published has no private part', async () => {
    const bare = [signingKey('EdDSA'), signingKey('ES256')];
    const { keySet, kids } = new SessionTokens({
      keys: bare.map((key) => ({ ...key, key_ops: ['sign'], ext: true, oth: 'kept-private' })),
      templates,
    });
    const thumbprints = await Promise.all(bare.map((key) => calculateJwkThumbprint(key)));
    expect(kids).toEqual(thumbprints);
    const { keys } = JSON.parse(keySet.body);
    expect(keys.map(Object.keys)).toEqual([
      ['crv', 'kty', 'x', 'kid', 'alg', 'use'],
      ['crv', 'kty', 'x', 'y', 'kid', 'alg', 'use'],
    ]);
    for (const { d } of bare) expect(keySet.body).not.toContain(d);
  });
});

describe('a template', () => {
  test.each([
    ['with nothing', {}],
    ['with several audiences', { audience: ['orders', 'reports'] }],
    ['of an hour', { ttlSeconds: 3_600 }],
    [
      'with claims of every kind',
      {
        claims: {
          role: 'trader',
          level: 3,
          tags: ['a'],
          nothing: null,
          user: { path: 'user.userId' },
          raw: { value: { path: 'x' } },
          'https://hasura.io/jwt/claims': { 'x-hasura-user-id': { path: 'account.id' } },
          constructor: 'a text',
        },
      },
    ],
  ])('%s is accepted', (_what, template) => {
    expect(faultsOfTemplate(template)).toEqual([]);
  });

  test.each([0, -1, 1.5, 3_601, 1e12, '60', null, Number.NaN])(
    'of %j seconds is refused',
    (ttlSeconds) => {
      expect(faultsOfTemplate({ ttlSeconds })).toEqual([
        'template one must have a ttlSeconds from 1 to 3600, a whole number',
      ]);
    },
  );

  test.each(['', [], [''], 7, { a: 1 }, ['a', 7]])('for the audience %j is refused', (audience) => {
    expect(faultsOfTemplate({ audience })).toEqual([
      'template one must have an audience of one text or a list of texts, none of them empty',
    ]);
  });

  test.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid'])('cannot set %s', (name) => {
    expect(faultsOfClaims({ [name]: { path: 'user.userId' } })).toEqual([
      `template one claim ${name}: the gateway sets it, so a template cannot`,
    ]);
  });

  test.each([
    [{ token: { path: 'accessToken' } }, /claim token: the path must be one of account\.id, /],
    [{ token: { path: '__proto__' } }, /claim token: the path must be one of/],
    [{ token: { path: 'constructor' } }, /claim token: the path must be one of/],
    [{ user: 'user.userId' }, /claim user: write \{"path": \.\.\.\} for a value of the session/],
    [JSON.parse('{"__proto__": {"admin": true}}'), /this name is not accepted/],
    [JSON.parse('{"a": {"__proto__": 1}}'), /this name is not accepted/],
    [{ a: { b: { c: { d: { e: 1 } } } } }, /claim a\.b\.c\.d: at most 4 objects/],
    ['text', /must have claims that are an object/],
  ])('with the claims %j is refused', (claims, words) => {
    expect(faultsOfClaims(claims).join('\n')).toMatch(words);
  });

  test.each(['__proto__', '', '-a', 'a b', 'a\nb', 'x'.repeat(65)])(
    'named %j is refused',
    (name) => {
      const file = JSON.parse(`{"templates": {${JSON.stringify(name)}: {}}}`);
      expect(faultsOf({ keys: [ed], ...file })).toEqual([
        expect.stringMatching(/^template 1 must have a name of 1 to 64 letters/),
      ]);
    },
  );
});

test('a replacement with a fault changes nothing', () => {
  const tokens = new SessionTokens({ keys: [ed], templates });
  const { keySet } = tokens;
  expect(() => tokens.replace({ keys: [], templates: {} })).toThrow(SessionTokensError);
  expect(tokens.keySet).toBe(keySet);
});

describe('SESSION_TOKENS_FILE', () => {
  const fileWith = (text: string, mode = 0o600) => {
    const file = join(emptyFolder(), 'tokens.json');
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  const linesFor = (file: string, more = {}) => {
    try {
      return readConfig({ SESSION_TOKENS_FILE: file, ...more }).notices;
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
      throw error;
    }
  };

  test('with every fault has a line for each, beside those of other settings', () => {
    const file = fileWith(
      JSON.stringify({
        keys: [{ ...ed, alg: 'none' }, 7],
        templates: { a: { ttlSeconds: 0 } },
        more: 1,
      }),
    );
    expect(linesFor(file, { PORT: 'x' })).toEqual([
      'PORT: must be a whole number from 1 to 65535',
      ...[
        'has another member than keys and templates',
        'keys: key 1 has another alg than its curve: leave alg out, or write EdDSA',
        'keys: key 2 must be a JWK: an object with kty, crv, x and d',
        'template a must have a ttlSeconds from 1 to 3600, a whole number',
      ].map((fault) => `SESSION_TOKENS_FILE: ${file}: ${fault}.`),
    ]);
  });

  test('that is not there, or not JSON, is said without its content', () => {
    expect(linesFor('/nowhere/tokens.json')).toEqual([
      'SESSION_TOKENS_FILE: /nowhere/tokens.json: cannot be read: there is no such file. Set the path of one, or remove the setting.',
    ]);
    const text = `{"keys": [{"d": "${ed.d}" x`;
    const file = fileWith(text);
    expect(linesFor(file)).toEqual([
      `SESSION_TOKENS_FILE: ${file}: is not JSON. Correct line 1, column ${text.length}: write {"keys": [...], "templates": {...}}, as docs/signed-tokens.md shows.`,
    ]);
  });

  test('that others can read, without a default template and an audience, is noted', () => {
    const file = fileWith(JSON.stringify({ keys: [ed], templates: { app: {} } }), 0o644);
    expect(linesFor(file)).toEqual([
      expect.stringContaining(`chmod 600 ${file}`),
      expect.stringContaining('no template named default'),
      expect.stringContaining('Token template app has no audience'),
    ]);
    expect(linesFor(fileWith(JSON.stringify({ keys: [ed], templates })))).toEqual([]);
  });
});

test('the documentation lists every path of a claim, and no other', () => {
  const page = readFileSync(new URL('../../docs/signed-tokens.md', import.meta.url), 'utf8');
  const [, table = ''] = /^\| path \| value \|\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const documented = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, path]) => path);
  expect(documented.toSorted()).toEqual(claimPaths.toSorted());
});
