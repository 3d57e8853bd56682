// GET /.well-known/jwks.json: the public keys, how long they may be kept, and a rotation that no verifier notices.
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { emptyFolder, startCommand } from '../support/processes/command.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

const templates = { default: { audience: 'orders' } };
const keys = [signingKey('EdDSA', 'one'), signingKey('ES256', 'two')];
const world = await startWorld({
  publicUrl: 'http://localhost:4000/kite',
  allowedOrigins: ['http://localhost:3000'],
  sessionTokens: new SessionTokens({ keys, templates }),
  limits: { keySetSeconds: 120 },
});
const { origin } = new URL(world.url);
const url = `${origin}/kite/.well-known/jwks.json`;

test('has the public half of every key, in their order', async () => {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  const text = await response.text();
  expect(JSON.parse(text)).toEqual({
    keys: [
      { kty: 'OKP', crv: 'Ed25519', x: keys[0]?.x, kid: 'one', alg: 'EdDSA', use: 'sig' },
      {
        kty: 'EC',
        crv: 'P-256',
        x: keys[1]?.x,
        y: keys[1]?.y,
        kid: 'two',
        alg: 'ES256',
        use: 'sig',
      },
    ],
  });
  for (const { d } of keys) expect(text).not.toContain(d);
  expect(await (await fetch(`${origin}/.well-known/jwks.json`)).text()).toBe(text);
});

test.each([null, 'http://localhost:3000', 'https://elsewhere.example'])(
  'may be kept by every cache and read by every page: Origin %s',
  async (page) => {
    const { headers } = await fetch(url, { headers: page === null ? {} : { origin: page } });
    expect(headers.get('cache-control')).toBe('public, max-age=120');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.has('access-control-allow-credentials')).toBe(false);
    expect(headers.has('vary')).toBe(false);
    expect(headers.has('set-cookie')).toBe(false);
  },
);

test('HEAD has the headers alone, and other methods are 405', async () => {
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect(head.headers.get('etag')).toBe((await fetch(url)).headers.get('etag'));
  const post = await fetch(url, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(post.headers.get('cache-control')).toBe('no-store');
});

test('a copy that is still right is not sent again', async () => {
  const etag = (await fetch(url)).headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{43}"$/);
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const response = await fetch(url, { headers: { 'if-none-match': tag } });
    expect([response.status, await response.text()]).toEqual([304, '']);
    expect(response.headers.get('etag')).toBe(etag);
    expect(response.headers.get('cache-control')).toBe('public, max-age=120');
  }
  for (const tag of ['"other"', etag.replaceAll('"', ''), '']) {
    expect((await fetch(url, { headers: { 'if-none-match': tag } })).status).toBe(200);
  }
});

test('without keys the path does not exist', async () => {
  const bare = await startWorld({});
  const response = await fetch(`${new URL(bare.url).origin}/.well-known/jwks.json`);
  expect(response.status).toBe(404);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

/** A file of session tokens that is replaced whole, as an editor or a secret store does. */
function tokensFile(...first: readonly object[]) {
  const file = join(emptyFolder(), 'tokens.json');
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    chmodSync(`${file}.new`, 0o600);
    renameSync(`${file}.new`, file);
  };
  const set = (...jwks: readonly object[]) => write(JSON.stringify({ keys: jwks, templates }));
  set(...first);
  return { file, write, set };
}

const issuer = 'http://localhost:4000';

async function browserOf(port: number) {
  const gateway = `http://localhost:${port}`;
  const visitor = new Visitor(gateway, issuer);
  await visitor.logIn(`${gateway}/login?app=simulator`, 'SIM0001');
  const token = async () => {
    const { data } = await visitor.askRaw<{ sessions: { signedToken: string }[] }>(
      '{ sessions { signedToken } }',
    );
    return data?.sessions[0]?.signedToken ?? '';
  };
  return { token };
}

test('a verifier accepts every token across a rotation by signal, on each of two gateways', async () => {
  const [older, newer] = [signingKey('EdDSA', 'older'), signingKey('ES256', 'newer')];
  const { file, write, set } = tokensFile(older);
  const env = { SESSION_TOKENS_FILE: file, PUBLIC_URL: issuer, LOG_FORMAT: 'json' };
  const gateways = await Promise.all([startCommand({ env }), startCommand({ env })]);
  const browsers = await Promise.all(gateways.map(({ port }) => browserOf(port)));
  // It keeps what it got once, and asks again only for a kid that it does not know.
  const keySet = createRemoteJWKSet(
    new URL(`http://localhost:${gateways[0].port}/.well-known/jwks.json`),
    { cooldownDuration: 0 },
  );
  const held: string[] = [];
  const tokens = async () => {
    const fresh = await Promise.all(browsers.map(({ token }) => token()));
    held.push(...fresh);
    return fresh.map((token) => decodeProtectedHeader(token).kid);
  };
  const verifyAll = async (accepted = held) => {
    for (const token of accepted) await jwtVerify(token, keySet, { issuer, audience: 'orders' });
  };
  const reload = async (said: RegExp) => {
    for (const { process, said: waitFor } of gateways) {
      process.kill('SIGHUP');
      await waitFor(said, 'stderr');
    }
  };

  expect(await tokens()).toEqual(['older', 'older']);
  await verifyAll();

  // A file that is only half written changes nothing.
  write('{"keys": [');
  await reload(/is not JSON\./);
  expect(await tokens()).toEqual(['older', 'older']);

  set(older, newer);
  await reload(/"kids":\["older","newer"\]/);
  expect(await tokens()).toEqual(['older', 'older']);
  await verifyAll();

  // One gateway first: what either signs is accepted.
  set(newer, older);
  gateways[0].process.kill('SIGHUP');
  await gateways[0].said(/"kids":\["newer","older"\]/, 'stderr');
  expect(await tokens()).toEqual(['newer', 'older']);
  await verifyAll();
  gateways[1].process.kill('SIGHUP');
  await gateways[1].said(/"kids":\["newer","older"\]/, 'stderr');
  expect(await tokens()).toEqual(['newer', 'newer']);
  await verifyAll();

  set(newer);
  await reload(/"kids":\["newer"\]/);
  const { length } = held;
  expect(await tokens()).toEqual(['newer', 'newer']);
  await verifyAll(held.slice(length));
  const fresh = createRemoteJWKSet(
    new URL(`http://localhost:${gateways[1].port}/.well-known/jwks.json`),
  );
  await expect(jwtVerify(held[0] ?? '', fresh)).rejects.toMatchObject({
    code: 'ERR_JWKS_NO_MATCHING_KEY',
  });
  const said = gateways.map(({ greeting }) => greeting).join('');
  for (const { d } of [older, newer]) expect(said).not.toContain(d);
});
