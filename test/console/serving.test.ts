// The console as it is served: its page, its policy, its files, the operator's name and logo, and its documents.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { readLogo } from '../../src/process/resources.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startWorld } from '../support/world.ts';

const built = fileURLToPath(new URL('../../src/http/console/built/', import.meta.url));
const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(64)]);
const documents: Record<string, string> = JSON.parse(
  readFileSync(`${built}documents.json`, 'utf8'),
);

/** Asks a gateway without a server. */
function ask(options: GatewayOptions, path: string, init: RequestInit = {}) {
  const gateway = createGateway({ apps, ...options });
  return Promise.resolve(gateway.fetch(`http://localhost:4000${path}`, init));
}

test('the script has less than 40 kB compressed, and the page nothing but it and one style sheet', async () => {
  const script = readFileSync(`${built}console.js`);
  expect(gzipSync(script).length).toBeLessThan(40_000);
  const html = await (await ask({ console: true }, '/')).text();
  const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses).toEqual(['/console/icon.svg', '/console/console.css', '/console/console.js']);
});

test('the policy of the page allows its own files alone, and nothing in it is executed by itself', async () => {
  const response = await ask({ console: true }, '/');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
  const html = await response.text();
  expect(html).not.toMatch(/<style|style=|<script(?! type="module" src=")|\son\w+=/i);
  for (const [name, value] of [
    ['x-frame-options', 'DENY'],
    ['referrer-policy', 'no-referrer'],
    ['x-content-type-options', 'nosniff'],
  ] as const) {
    expect(response.headers.get(name)).toBe(value);
  }
});

test.each([
  ['console.js', 'text/javascript; charset=utf-8'],
  ['console.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
])('%s is sent as %s, compressed for those who accept it', async (name, type) => {
  const plain = await ask({ console: true }, `/console/${name}`);
  expect([plain.status, plain.headers.get('content-type')]).toEqual([200, type]);
  const file = readFileSync(`${built}${name}`);
  expect(Buffer.from(await plain.arrayBuffer()).equals(file)).toBe(true);
  const headers = { 'accept-encoding': 'br, gzip;q=0.8' };
  const compressed = await ask({ console: true }, `/console/${name}`, { headers });
  expect(compressed.headers.get('content-encoding')).toBe('gzip');
  const refusing = { headers: { 'accept-encoding': 'gzip;q=0' } };
  const refused = await ask({ console: true }, `/console/${name}`, refusing);
  expect(refused.headers.get('content-encoding')).toBeNull();
});

test.each(['/console/', '/console/documents.json', '/console/..%2fpage.ts', '/console/logo'])(
  'there is no %s',
  async (path) => {
    expect((await ask({ console: true }, path)).status).toBe(404);
  },
);

test('a POST to the console is refused', async () => {
  expect((await ask({ console: true }, '/', { method: 'POST' })).status).toBe(405);
});

test('without the console the home leads where it did, and its files are no paths of the gateway', async () => {
  const home = await ask({ graphiql: true }, '/');
  expect([home.status, home.headers.get('location')]).toEqual([302, '/graphql']);
  expect(await (await ask({}, '/')).text()).toContain('This is a GraphQL API.');
  expect((await ask({}, '/console/console.js')).status).toBe(404);
});

test('below the path of the public URL, every address of the page has it', async () => {
  const options = { console: true, publicUrl: 'http://localhost:4000/kite' };
  const html = await (await ask(options, '/kite/')).text();
  expect(html).toContain('src="/kite/console/console.js"');
  expect(html).toContain('data-graphql="/kite/graphql"');
  expect(html).toContain('data-home="http://localhost:4000/kite/"');
  expect((await ask(options, '/kite/console/console.js')).status).toBe(200);
});

test('the name and the logo of the operator are shown as they are, and nothing more', async () => {
  const options = { console: { name: '"><script>x</script>', logo: png } };
  const html = await (await ask(options, '/')).text();
  expect(html).not.toContain('<script>');
  expect(html).toContain('data-name="&quot;&gt;&lt;script&gt;x&lt;/script&gt;"');
  expect(html).toContain('data-logo="/console/logo"');
  const logo = await ask(options, '/console/logo');
  expect(logo.headers.get('content-type')).toBe('image/png');
  expect(logo.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(Buffer.from(await logo.arrayBuffer()).equals(png)).toBe(true);
});

test.each([
  ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /not a PNG, JPEG or WebP/],
  [
    'a picture that is too large',
    Buffer.concat([png, Buffer.alloc(200_000)]),
    /LIMIT_CONSOLE_LOGO/,
  ],
])('%s is refused as a logo', (_what, logo, message) => {
  expect(() => createGateway({ apps, console: { logo } })).toThrow(message);
});

test('the picture of CONSOLE_LOGO_FILE is read at the start, which any other file stops', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'logo.png');
  const limits = withDefaultLimits({ consoleLogoBytes: 100 });
  expect(readLogo(undefined, limits)).toBeNull();
  expect(() => readLogo(file, limits)).toThrow(/^CONSOLE_LOGO_FILE: cannot be read: there is no/);
  writeFileSync(file, '<svg xmlns="http://www.w3.org/2000/svg"/>');
  expect(() => readLogo(file, limits)).toThrow(/^CONSOLE_LOGO_FILE: .* not a PNG, JPEG or WebP/);
  writeFileSync(file, Buffer.concat([png, png]));
  expect(() => readLogo(file, limits)).toThrow(/^CONSOLE_LOGO_FILE: .*LIMIT_CONSOLE_LOGO_BYTES/);
  writeFileSync(file, png);
  expect(readLogo(file, limits)?.length).toBe(png.length);
});

test('with trusted documents the console sends ids of documents that the gateway knows, also after a new list', async () => {
  const trustedDocuments = { own: '{ apps { id } }' };
  const world = await startWorld({ trustedDocuments, console: true });
  const origin = new URL(world.url).origin;
  const page = await (await fetch(origin)).text();
  expect(page).toContain('data-trusted="true"');
  const visitor = new Visitor(origin, 'http://localhost:4000');
  const [id] = Object.entries(documents).find(([, text]) => text.includes('query Sessions')) ?? [];
  const script = await (await fetch(`${origin}/console/console.js`)).text();
  for (const hash of Object.keys(documents)) expect(script).toContain(hash);
  const send = async (body: object) => {
    const response = await fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...visitor.headers() },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const variables = { returnTo: 'http://localhost:4000/' };
  for (const list of [trustedDocuments, { own: '{ apps { name } }' }]) {
    world.gateway.replaceTrustedDocuments(list);
    expect(await send({ documentId: id, variables })).toMatchObject({ data: { apps: [{}] } });
    expect(await send({ documentId: 'own' })).toMatchObject({ data: { apps: [{}] } });
    expect(await send({ query: documents[id ?? ''], variables })).toMatchObject({
      errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }],
    });
  }
});

test('without the console its documents are not trusted', async () => {
  const world = await startWorld({ trustedDocuments: { own: '{ apps { id } }' } });
  const [id] = Object.keys(documents);
  const response = await fetch(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: id }),
  });
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'DOCUMENT_NOT_FOUND' } }],
  });
});
