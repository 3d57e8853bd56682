// Hono on Node: the gateway below /kite, beside routes of your own. With Node's own request, the gateway knows the
// addresses of its clients and cancels what a client no longer waits for. Elsewhere: `app.mount('/kite', gateway.fetch)`.
import { promisify } from 'node:util';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { gateway, port, serverOptions, stopWith } from './gateway.ts';

const app = new Hono<{ Bindings: HttpBindings }>();

app.all('/kite/*', ({ env: { incoming, outgoing } }) => {
  gateway(incoming, outgoing);
  return RESPONSE_ALREADY_SENT;
});

app.get('/', (c) => c.text('a page of your own'));

const server = serve({ fetch: app.fetch, port, hostname: 'localhost', serverOptions }, () =>
  console.log('listening'),
);
stopWith(promisify(server.close.bind(server)));
