// node:http: the gateway below /kite, beside routes of your own.
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { gateway, port, serverOptions, stopWith } from './gateway.ts';

const server = createServer(serverOptions, (request, response) => {
  if (request.url?.startsWith('/kite/')) gateway(request, response);
  else response.end('a page of your own');
});

server.listen(port, 'localhost', () => console.log('listening'));
stopWith(promisify(server.close.bind(server)));
