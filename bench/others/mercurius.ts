// Mercurius over Fastify and undici, with its compiler or without it.
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { type MercuriusContext, mercurius } from 'mercurius';
import { bothOf, userOf } from '../load/question.ts';
import { tell } from '../processes/messages.ts';
import { createReads } from '../servers/reads.ts';
import { typeDefs } from '../servers/schema.ts';

const [, , upstream = '', mode = ''] = process.argv;
const reads = createReads(upstream);
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
      user: async (_account: unknown, _arguments: unknown, { authorization }: MercuriusContext) => {
        const profile = await reads.profile(authorization);
        return profile && userOf(profile);
      },
      margins: async (
        _account: unknown,
        _arguments: unknown,
        { authorization }: MercuriusContext,
      ) => {
        const margins = await reads.margins(authorization);
        return margins && bothOf(margins);
      },
    },
  },
  context: (request) => ({ authorization: request.headers.authorization ?? '' }),
  // Compiles a query when it comes for the second time; 0 is never.
  jit: mode === 'compiled' ? 1 : 0,
});
await app.listen({ host: '127.0.0.1', port: 0 });
tell((app.server.address() as AddressInfo).port);
