// Fastify: the gateway below /kite, beside routes of your own.
import fastify from 'fastify';
import { gateway, port, serverOptions, stopWith } from './gateway.ts';

const app = fastify({ http: serverOptions });

app.register(
  async (kite) => {
    // The gateway reads bodies itself.
    kite.removeAllContentTypeParsers();
    kite.addContentTypeParser('*', (_request, _body, done) => done(null));
    kite.all('/*', (request, reply) => {
      reply.hijack();
      gateway(request.raw, reply.raw);
    });
  },
  { prefix: '/kite' },
);

app.get('/', () => 'a page of your own');

await app.listen({ port, host: 'localhost' });
console.log('listening');
stopWith(() => app.close());
