// A gateway on a simulator of its own, for the end-to-end tests of other projects.
import { createGateway } from '../gateway.ts';
import type { Gateway } from '../gateway-interface.ts';
import type { GatewayOptions } from '../options.ts';
import { simulatedApps, simulatedHosts } from '../process/simulated-apps.ts';
import { listen } from '../server/listen.ts';
import { type LoginCookie, logIn, loginDocuments } from './login.ts';
import { type SimulatorForTests, type SimulatorOptions, startSimulator } from './simulator.ts';

/** How a gateway for tests is started: as `createGateway`, with what the simulator decides filled in. */
export interface StartGatewayOptions
  extends Omit<GatewayOptions, 'kiteBaseUrl' | 'kiteLoginUrl' | 'kotakBaseUrls'> {
  /** The port of the gateway. Default: a free one. */
  readonly port?: number;
  /** The simulator's options. */
  readonly simulator?: SimulatorOptions;
}

/** A running gateway, and the brokers behind it. */
export interface GatewayForTests {
  /** The address of GraphQL, such as `http://localhost:53412/graphql`. */
  readonly url: string;
  /** The origin of the gateway. */
  readonly origin: string;
  readonly simulator: SimulatorForTests;
  /**
   * Logs simulated users in without a browser, all into one keyring.
   * @example await context.addCookies([await gateway.logIn('SIM0001', 'SIMK01')]);
   *
   * @throws Error if a login fails, for example by a fault.
   */
  logIn(...userIds: readonly [string, ...string[]]): Promise<LoginCookie>;
  /** Ends gateway and simulator at once. */
  close(): Promise<void>;
}

/**
 * Starts a gateway and a simulator in this process, both on free ports of the loopback interface.
 * @example
 * const gateway = await startGateway({ allowedOrigins: ['http://localhost:5173'] });
 * // ... tests of a page that is built with gateway.url ...
 * await gateway.close();
 *
 * @throws what `createGateway` and `startSimulator` throw.
 */
export async function startGateway(options: StartGatewayOptions = {}): Promise<GatewayForTests> {
  const { port = 0, simulator: simulated, ...others } = options;
  const { trustedDocuments } = others;
  // The simulator redirects to the gateway, and the gateway calls the simulator: the port is known first.
  let gateway: Gateway | undefined;
  const server = await listen((request, response) => gateway?.(request, response), undefined, port);
  const origin = `http://localhost:${server.port}`;
  const stopping = new AbortController();
  let simulator: SimulatorForTests | undefined;
  const close = async () => {
    stopping.abort();
    await server.close(0);
    await gateway?.dispose();
    await simulator?.close();
  };
  try {
    const running = await startSimulator({
      rateLimit: 0,
      redirectUrl: `${origin}/callback`,
      ...simulated,
    });
    simulator = running;
    gateway = createGateway({
      apps: simulatedApps(running.url),
      publicUrl: origin,
      kiteRateLimit: 0,
      introspection: true,
      stopping: stopping.signal,
      ...others,
      // Its list has the documents of its logins too.
      ...(trustedDocuments && { trustedDocuments: { ...trustedDocuments, ...loginDocuments } }),
      kiteBaseUrl: running.url,
      kiteLoginUrl: `${running.url}/connect/login`,
      kotakBaseUrls: simulatedHosts(running.url),
      // A reset of the simulator makes a token valid again, which no broker does.
      limits: { refusedCredentialSeconds: 0, ...others.limits },
    });
    return {
      url: `${origin}/graphql`,
      origin,
      simulator: running,
      logIn: (...userIds) => logIn(origin, running, userIds, trustedDocuments !== undefined),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
