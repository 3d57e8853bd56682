// A site of its own: pages with one script each, on another origin than the gateway.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running site. */
export interface PageServer {
  /** Such as `http://localhost:53412`. */
  readonly origin: string;
  /** Sets the script of the page at a path. */
  show(path: string, script: string, body?: string): void;
  close(): void;
}

/** Starts a site without pages. */
export async function startPageServer(): Promise<PageServer> {
  const answers = new Map<string, readonly [type: string, text: string]>();
  const server = createServer((request, response) => {
    const [type, text] = answers.get((request.url ?? '').split('?')[0] ?? '') ?? [];
    if (type === undefined) response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text);
  }).listen(0, 'localhost');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    show: (path, script, body = '') => {
      const file = `${path}script.js`;
      const html = `<!doctype html><title>Page</title><body>${body}<script type="module" src="${file}"></script>`;
      answers.set(path, ['text/html', html]);
      answers.set(file, ['text/javascript', script]);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
