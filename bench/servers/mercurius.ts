// Mercurius with compiled queries, over Fastify and undici.
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { type MercuriusContext, mercurius } from 'mercurius';
import { tell } from '../messages.ts';
import { segmentOf, userOf } from '../question.ts';
import { createReads } from './reads.ts';
import { typeDefs } from './schema.ts';

const reads = createReads(process.argv[2] ?? '');
const app = fastify();

declare module 'mercurius' {
  interface MercuriusContext {
    authorization: string;
  }
}

app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Query: { account: () => ({}) },
    Account: {
      user: async (_account: unknown, _arguments: unknown, { authorization }: MercuriusContext) =>
        userOf(await reads.profile(authorization)),
      margins: async (
        _account: unknown,
        _arguments: unknown,
        { authorization }: MercuriusContext,
      ) => {
        const { equity, commodity } = await reads.margins(authorization);
        return { equity: segmentOf(equity), commodity: segmentOf(commodity) };
      },
    },
  },
  context: (request) => ({ authorization: request.headers.authorization ?? '' }),
  jit: 1,
});
await app.listen({ host: '127.0.0.1', port: 0 });
tell((app.server.address() as AddressInfo).port);
