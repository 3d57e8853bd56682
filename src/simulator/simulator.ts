// The simulator: two brokers of one's own, on a port of one's own.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { apiListener } from './api.ts';
import { splitUrl } from './body.ts';
import { ControlError, controlRoutes } from './control/control.ts';
import { controlPanelHeaders } from './control/control-panel.ts';
import { indexPage } from './index-page.ts';
import { routeNotFound } from './kite/envelope.ts';
import { Kite } from './kite/kite.ts';
import { loginRoutes } from './kite/login.ts';
import { kiteApi } from './kite/routes.ts';
import { isKotakPath } from './kotak/call.ts';
import { kotakApi } from './kotak/endpoints.ts';
import { Kotak } from './kotak/kotak.ts';
import { kotakPage } from './kotak/page.ts';
import { type SimulatorOptions, settle } from './options.ts';
import { type Pages, pageHeaders } from './page.ts';

export type { SimulatorApp, SimulatorOptions } from './options.ts';

/** A running simulator. */
export interface Simulator {
  /**
   * Its address, such as `http://127.0.0.1:4010`, where Kite answers, with its login page at `/connect/login`.
   * Kotak's two hosts are `/kotak/apim` and `/kotak-c/apim` below it, and its control page `/kotak`.
   */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Ends it at once, with every request it has not answered. Never fails; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Starts a simulator. It reads no environment, prints nothing and never ends the process.
 *
 * @example
 * const simulator = await startSimulator({ port: 0, accounts: 100 });
 * await fetch(`${simulator.url}/user/profile`, { headers: { authorization: 'token simulator:SIM0100-token' } });
 * await simulator.close();
 *
 * @throws RangeError where an option cannot be what it is.
 * @throws Error of node:net where the address cannot be listened on, such as `EADDRINUSE`.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = settle(options);
  const kite = new Kite(settings);
  const kotak = new Kotak(settings, kite.clock);
  const api = apiListener(kiteApi(kite));
  const secondApi = apiListener(kotakApi(kotak, kite));
  // The process may have a server of someone else's: its globals are not ours to replace.
  const pages = getRequestListener(pageRoutes(kite, kotak).fetch, { overrideGlobalObjects: false });

  const server = createServer({
    // A caller that passes credentials on may send very long headers; refusing them is its concern.
    maxHeaderSize: 131_072,
    // Longer than any client keeps an idle connection, so that none is closed under a request.
    keepAliveTimeout: 75_000,
  });
  server.on('request', (incoming, outgoing) => {
    const [path] = splitUrl(incoming.url ?? '/');
    if (isPage(path)) void pages(incoming, outgoing);
    else if (isKotakPath(path)) secondApi(incoming, outgoing);
    else api(incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  const address = server.address();
  const port = isTcp(address) ? address.port : settings.port;
  return {
    url: `http://${hostInUrl(settings.host)}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pageRoutes(kite: Kite, kotak: Kotak): Hono<Pages> {
  const routes = new Hono<Pages>()
    .get('/', (c) =>
      c.html(indexPage(kite.settings, new URL(c.req.url).origin), 200, controlPanelHeaders),
    )
    .get('/kotak', (c) => c.html(kotakPage(kotak, new URL(c.req.url).origin), 200, pageHeaders))
    .route('/', loginRoutes(kite))
    .route('/simulator', controlRoutes(kite, kotak));
  routes.notFound((c) => c.json(routeNotFound.envelope, 404));
  // Set, because the router's own handler prints.
  routes.onError((error, c) =>
    error instanceof ControlError
      ? c.json({ error: error.message }, error.status)
      : c.json({ error: 'internal error' }, 500),
  );
  return routes;
}

function isPage(path: string): boolean {
  return /^\/(kotak|connect\/login)?$/.test(path) || path.startsWith('/simulator/');
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return address !== null && typeof address === 'object';
}

// Where it listens on every address, the loopback one is the one that works from here.
function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
