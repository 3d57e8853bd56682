// Documents of every tool: printed as graphql prints them, typed, and sent by their ids where the gateway has a list.
import { createHash } from 'node:crypto';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse, print, validate } from 'graphql';
import { expect, test } from 'vitest';
import { type ClientOptions, clientDocuments, createClient } from '../../src/client/client.ts';
import { readDocument } from '../../src/client/documents.ts';
import { schema } from '../../src/schema/schema.ts';
import * as generated from '../generated/graphql.ts';
import { apps, startWorld, tokens } from '../support/world.ts';

const everything = `
  query Everything($id: ID!, $ids: [ID!]! = ["a", "b"], $all: Boolean = true) @trace(label: "x") {
    first: account(id: $id) @include(if: $all) {
      ...Names @skip(if: false)
      ... on Account @defer(label: "a \\"quoted\\" \\u20b9 label") { id }
      ... { apiKey }
    }
    combinedMargins(accountIds: $ids) { id }
    odd(a: 1, b: -2.5e10, c: null, d: ENUM, e: [1, [2]], f: { g: { h: false } }, i: """
      a block
    """) { id }
  }
  fragment Names on Account { user { userName } }
  mutation Out { logout { loggedOut } }
  subscription Live { marginsChanged(everySeconds: 3) { margins { id } } }
`;

test('a parsed document is printed with the same meaning', () => {
  const { query } = readDocument(parse(everything, { noLocation: true }));
  const inlined = print(parse(everything)).replace('"""a block"""', '"a block"');
  expect(print(parse(query))).toBe(inlined);
});

const texts = Object.values(generated).filter((each) => each instanceof String);

test('each document of this project is printed with the same meaning', () => {
  expect(texts.length).toBeGreaterThan(50);
  for (const text of texts) {
    const document = parse(`${text}`);
    expect(print(parse(readDocument(document).query))).toBe(print(document));
  }
});

test('what is no document is refused with the forms to pass', async () => {
  const client = createClient({ url: 'http://localhost:4000/graphql' });
  await expect(client.query({} as never)).rejects.toThrow(/pass a text, a document of a parser/);
});

test('the own documents of the client are valid, and their ids end with the hash of their texts', () => {
  expect(Object.keys(clientDocuments)).toHaveLength(4);
  for (const [id, text] of Object.entries(clientDocuments)) {
    expect(validate(schema, parse(text))).toEqual([]);
    expect(id.split('.').at(-1)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 8));
  }
});

type Names = TypedDocumentNode<{ accounts: { apiKey: string }[] }, Record<string, never>>;
const text = '{ accounts { apiKey } }';
const id = createHash('sha256').update(text).digest('hex');
/** As the client preset writes it, and as gql.tada does. */
const withHash = { ...parse(text), __meta__: { hash: id } } as unknown as Names;
const persisted = { ...parse(text), documentId: id } as unknown as Names;

const headers = { authorization: tokens('SIM0001') };

/** A client that notes the bodies it sends. */
function recording(url: string, options: Partial<ClientOptions> = {}) {
  const bodies: { query?: string; documentId?: string }[] = [];
  const client = createClient({
    url,
    headers,
    ...options,
    fetch: (input, init) => {
      bodies.push(JSON.parse(`${init?.body}`));
      return fetch(input, init);
    },
  });
  return { client, bodies };
}

test('a gateway with a list gets the ids of documents, those of the client included', async () => {
  const world = await startWorld({
    trustedDocuments: { [id]: text, ...clientDocuments },
    introspection: false,
  });
  const { client, bodies } = recording(world.url);
  for (const document of [withHash, persisted]) {
    const { data } = await client.query(document);
    expect(data?.accounts[0]?.apiKey).toBe('simulator');
  }
  expect(await client.sessions()).toEqual({ ok: true, data: [], error: null, errors: [] });
  expect(bodies.map(({ documentId }) => documentId)).toEqual([
    id,
    id,
    expect.stringMatching(/^kite-graphql\.sessions\./),
  ]);
  // Their texts are those of their ids, so that any gateway takes them at once.
  expect(bodies.map(({ query }) => query === undefined)).toEqual([true, true, false]);
  const { error } = await client.query('{ apps { apiKey } }');
  expect(error?.code).toBe('DOCUMENT_NOT_TRUSTED');
});

test('a gateway without a list gets the text instead, and no id from then on', async () => {
  const world = await startWorld({ apps: apps.slice(0, 1) });
  const { client, bodies } = recording(world.url);
  expect((await client.query(withHash)).data?.accounts[0]?.apiKey).toBe('simulator');
  expect((await client.query(persisted)).ok).toBe(true);
  expect((await client.sessions()).ok).toBe(true);
  expect(bodies.map((body) => Object.keys(body).filter((key) => key !== 'variables'))).toEqual([
    ['documentId'],
    ['query'],
    ['query'],
    ['documentId', 'query'],
  ]);
  const other = recording(world.url, { trustedDocuments: false });
  expect((await other.client.query(withHash)).ok).toBe(true);
  expect(other.bodies.map(({ documentId }) => documentId)).toEqual([undefined]);
});

test('a build without texts is told that the gateway has no list', async () => {
  const world = await startWorld();
  const client = createClient({ url: world.url, headers });
  const bare = { __meta__: { hash: id }, kind: 'Document', definitions: [] };
  const { error } = await client.query(bare);
  expect(error).toMatchObject({ code: 'BAD_USER_INPUT', field: 'documentId' });
  expect(error?.message).toContain('TRUSTED_DOCUMENTS');
});
