// Trusted documents: a gateway with a list executes nothing else, on both ways, and takes another list while it runs.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createGateway, TrustedDocumentsError } from '../../src/index.ts';
import { emptyFolder, run, startCommand } from '../support/processes/command.ts';
import { startWorld, tokens } from '../support/world.ts';
import { countResponses } from '../support/yoga-responses.ts';

const names = 'query Names { accounts { user { userName } } }';
const deferred = 'query Parts { accounts { id ... @defer { user { userId } } } }';
const leave = 'mutation Leave { logout { loggedOut } }';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const manifestOf = (...texts: readonly string[]) =>
  Object.fromEntries(texts.map((text) => [hashOf(text), text]));
const manifest = manifestOf(names, deferred, leave);
const world = await startWorld({ trustedDocuments: manifest, introspection: false });
const responses = countResponses(world.gateway);
const lenient = await startWorld({ trustedDocuments: manifest, trustedDocumentTexts: true });
const open = await startWorld();

async function ask(url: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: tokens('SIM0001'),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const codeOf = (text: string) => JSON.parse(text).errors?.[0].extensions.code;
const extensionOf = (sha256Hash: unknown) => ({ persistedQuery: { version: 1, sha256Hash } });
/** On the way of plain requests, and on the other. */
const ways = [
  ['plain', {}],
  ['encoded', { 'content-encoding': 'identity' }],
] as const;

describe.each(ways)('a %s request', (way, headers) => {
  test.each([
    ['documentId', { documentId: hashOf(names) }],
    ['the hash as an extension', { extensions: extensionOf(hashOf(names)) }],
    ['both', { documentId: hashOf(names), extensions: extensionOf(hashOf(names)) }],
    ['an id beside the same text', { documentId: hashOf(names), query: names }],
  ])('executes the document that it names by %s', async (_what, body) => {
    const before = responses();
    const { status, text } = await ask(world.url, body, headers);
    expect(status).toBe(200);
    expect(responses() > before ? 'encoded' : 'plain').toBe(way);
    expect(JSON.parse(text).data.accounts[0].user.userName).toEqual(expect.any(String));
  });

  test.each([
    ['a text of the list', { query: names }, 'DOCUMENT_NOT_TRUSTED'],
    ['another text', { query: '{ apps { apiKey } }' }, 'DOCUMENT_NOT_TRUSTED'],
    ['introspection', { query: '{ __schema { types { name } } }' }, 'DOCUMENT_NOT_TRUSTED'],
    ['nothing', {}, 'DOCUMENT_NOT_TRUSTED'],
    ['an unknown id', { documentId: 'a'.repeat(64) }, 'DOCUMENT_NOT_FOUND'],
    ['an unknown hash', { extensions: extensionOf('b'.repeat(64)) }, 'DOCUMENT_NOT_FOUND'],
    ['the name of a property', { documentId: '__proto__' }, 'DOCUMENT_NOT_FOUND'],
    [
      'a known id with another text',
      { documentId: hashOf(names), query: leave },
      'DOCUMENT_MISMATCH',
    ],
    [
      'two ids',
      { documentId: hashOf(names), extensions: extensionOf(hashOf(leave)) },
      'DOCUMENT_MISMATCH',
    ],
    ['an unknown id with a known text', { documentId: 'x', query: names }, 'DOCUMENT_NOT_FOUND'],
    ['an id that is no text', { documentId: 7 }, 'BAD_USER_INPUT'],
  ])('with %s is refused, and nothing is called', async (_what, body, code) => {
    await world.calls();
    const { status, text } = await ask(world.url, body, {
      accept: 'application/graphql-response+json',
      ...headers,
    });
    expect([status, codeOf(text)]).toEqual([400, code]);
    expect(await world.calls()).toEqual([]);
  });

  test('may send the text of a document of the list where the operator allows it, and no other', async () => {
    const allowed = await ask(lenient.url, { query: names }, headers);
    expect(JSON.parse(allowed.text).errors).toBeUndefined();
    const other = await ask(lenient.url, { query: '{ apps { apiKey } }' }, headers);
    expect(codeOf(other.text)).toBe('DOCUMENT_NOT_TRUSTED');
  });

  test('that names a document is refused with words where there is no list', async () => {
    const { text } = await ask(open.url, { documentId: hashOf(names) }, headers);
    expect(codeOf(text)).toBe('BAD_USER_INPUT');
    expect(text).toContain('TRUSTED_DOCUMENTS');
  });
});

test('a document is named by GET too, but a mutation is not executed that way', async () => {
  const headers = { authorization: tokens('SIM0001') };
  const byId = await fetch(`${world.url}?documentId=${hashOf(names)}`, { headers });
  expect((await byId.json()).data.accounts).toHaveLength(1);
  const extensions = encodeURIComponent(JSON.stringify(extensionOf(hashOf(names))));
  const byHash = await fetch(`${world.url}?extensions=${extensions}`, { headers });
  expect((await byHash.json()).data.accounts).toHaveLength(1);
  const write = await fetch(`${world.url}?documentId=${hashOf(leave)}`, { headers });
  expect(write.status).toBe(405);
});

test('an empty text beside an id counts as no text: the document that is named arrives in parts', async () => {
  const accept = 'multipart/mixed, application/json';
  const body = { query: '', documentId: hashOf(deferred) };
  const { status, text } = await ask(world.url, body, { accept });
  expect(status).toBe(200);
  expect(text).toContain('"hasNext":false');
});

test('a document with `@defer` that is named by its id arrives in parts', async () => {
  const accept = 'multipart/mixed, application/json';
  const { text } = await ask(world.url, { documentId: hashOf(deferred) }, { accept });
  expect(text).toContain('"hasNext":true');
  expect(text).toContain('SIM0001');
});

describe('another list', () => {
  test('takes the place of the first, whole or not at all', async () => {
    const gateway = createGateway({ trustedDocuments: manifestOf(names) });
    const asked = async (text: string) => {
      const response = await gateway.fetch('http://localhost:4000/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ documentId: hashOf(text) }),
      });
      return codeOf(await response.text()) ?? 'executed';
    };
    const apps = '{ apps { name } }';
    expect([await asked(names), await asked(apps)]).toEqual([
      'UNAUTHENTICATED',
      'DOCUMENT_NOT_FOUND',
    ]);
    gateway.replaceTrustedDocuments(manifestOf(apps));
    expect([await asked(names), await asked(apps)]).toEqual(['DOCUMENT_NOT_FOUND', 'executed']);
    const faulty = { ...manifestOf(names), wrong: '{ nonsense }' };
    expect(() => gateway.replaceTrustedDocuments(faulty)).toThrow(TrustedDocumentsError);
    expect([await asked(names), await asked(apps)]).toEqual(['DOCUMENT_NOT_FOUND', 'executed']);
    await gateway.dispose();
  });

  test('is not taken by a gateway that has none', () => {
    const gateway = createGateway();
    expect(() => gateway.replaceTrustedDocuments(manifest)).toThrow(TypeError);
  });
});

describe('the command', () => {
  test.each([
    ['is missing', null, 'cannot be read'],
    ['is not JSON', '{', 'is not JSON'],
    ['is a list', '[]', 'must be a JSON object'],
    ['is empty', '{}', 'has no document'],
    ['has another value', '{"a": 1}', '1 of 1 entries'],
    ['has a document for another schema', '{"a": "{ users }"}', 'document a: Cannot query field'],
    ['has no syntax', '{"a": "{"}', 'document a: Syntax Error'],
  ])('refuses a list that %s, and says why', async (_what, content, words) => {
    const file = join(emptyFolder(), 'documents.json');
    if (content !== null) writeFileSync(file, content);
    const { code, stderr } = await run({ env: { TRUSTED_DOCUMENTS: file, SIMULATOR_PORT: '0' } })
      .ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kite-graphql: TRUSTED_DOCUMENTS: /);
    expect(stderr).toContain(words);
  });

  test('reads the list again on SIGHUP, and keeps the old one where the new one has a fault', async () => {
    const file = join(emptyFolder(), 'documents.json');
    writeFileSync(file, JSON.stringify(manifestOf(names)));
    const env = { TRUSTED_DOCUMENTS: file, LOG_FORMAT: 'json' };
    const command = await startCommand({ env });
    const { url } = command;
    expect(codeOf((await ask(url, { documentId: hashOf(leave) })).text)).toBe('DOCUMENT_NOT_FOUND');
    writeFileSync(file, JSON.stringify(manifestOf(leave)));
    command.process.kill('SIGHUP');
    await command.said(/"Read again"/, 'stderr');
    expect(codeOf((await ask(url, { documentId: hashOf(leave) })).text)).toBeUndefined();
    writeFileSync(file, '{"a": "{ users }"}');
    command.process.kill('SIGHUP');
    await command.said(/Cannot be read again/, 'stderr');
    expect(codeOf((await ask(url, { documentId: hashOf(leave) })).text)).toBeUndefined();
  });
});
