// Serves the route handlers of the Next.js recipe, which are functions from a Request to a Response: Next.js itself is
// larger than everything else that the tests install. It runs in the recipes' project, and imports nothing of this one.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (request: Request) => Promise<Response> | Response;

const project = join(process.cwd(), 'servers/next');
const { getRequestListener } = createRequire(join(project, 'index.js'))('@hono/node-server');
const route = join(project, 'app/kite/[...path]/route.ts');
const handlers: Partial<Record<string, Handler>> = await import(pathToFileURL(route).href);

const listener = getRequestListener((request: Request) => {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith('/kite/')) return new Response('a page of your own');
  const handler = handlers[request.method];
  return handler?.(request) ?? new Response(null, { status: 405 });
});

createServer((request, response) => {
  // As Next.js does.
  request.headers['x-forwarded-for'] ??= request.socket.remoteAddress ?? '';
  listener(request, response);
}).listen(Number(process.env.PORT), 'localhost', () => process.stdout.write('listening\n'));
