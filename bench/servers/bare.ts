// A server on node:http that executes queries, and does nothing else: with graphql-js, or with the executor of
// graphql-tools. Documents are parsed and validated once.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
// biome-ignore lint/correctness/noUndeclaredDependencies: graphql-yoga brings it, and executes with it by itself.
import { execute as executeByTools } from '@graphql-tools/executor';
import { buildSchema, type DocumentNode, execute, parse, validate } from 'graphql';
import { bothOf, userOf } from '../load/question.ts';
import { tell } from '../processes/messages.ts';
import { bodyOf } from './body.ts';
import { createReads } from './reads.ts';
import { typeDefs } from './schema.ts';

const [, , upstream = '', executor = ''] = process.argv;
const reads = createReads(upstream);
const schema = buildSchema(typeDefs);
const executeBy = executor === 'graphql-tools' ? executeByTools : execute;

const account = {
  user: async (_: unknown, authorization: string) => {
    const profile = await reads.profile(authorization);
    return profile && userOf(profile);
  },
  margins: async (_: unknown, authorization: string) => {
    const margins = await reads.margins(authorization);
    return margins && bothOf(margins);
  },
};
const rootValue = { account: () => account };

const documents = new Map<string, DocumentNode>();
function documentOf(query: string): DocumentNode {
  const known = documents.get(query);
  if (known !== undefined) return known;
  const document = parse(query);
  const [error] = validate(schema, document);
  if (error !== undefined) throw error;
  documents.set(query, document);
  return document;
}

const server = createServer(async (request, response) => {
  const { query, variables } = JSON.parse(await bodyOf(request));
  const result = await executeBy({
    schema,
    document: documentOf(query),
    rootValue,
    contextValue: request.headers.authorization ?? '',
    variableValues: variables,
  });
  const body = JSON.stringify(result);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));
