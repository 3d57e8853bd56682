// The gateway: Yoga and its plugins, in the order that a request meets them.
import { createYoga, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import { type Logger, pino } from 'pino';
import { createApps } from '../apps.ts';
import { type Context, createContext, type Services } from '../context.ts';
import { openRateLog } from '../kite/open-rate-log.ts';
import { Secret } from '../kite/secret.ts';
import { createUpstream } from '../kite/upstream.ts';
import { createSharedReads } from '../loaders/shared-reads.ts';
import { schema } from '../schema/schema.ts';
import { acceptedAge } from './cache-control.ts';
import { readCredentials } from './credentials.ts';
import { type GraphiqlPage, graphiqlOptions, renderGraphiqlPage } from './graphiql.ts';
import { createRequestTracker } from './request-tracker.ts';
import { useErrors } from './use-errors.ts';
import { useJsonOnly } from './use-json-only.ts';
import { useLimits } from './use-limits.ts';
import { useOperationEnd } from './use-operation-end.ts';
import { useOperationLog } from './use-operation-log.ts';
import { useRequestId } from './use-request-id.ts';

/** A Kite Connect app, as whoever mounts the gateway names it. */
export interface AppOptions {
  /** The app's public key. */
  readonly apiKey: string;
  /** The app's secret. Without it, callers of exchangeToken bring a checksum. */
  readonly apiSecret?: string;
  /** A name for people. */
  readonly name?: string;
  /** Whether `apps` shows it to strangers. Default: true for an only app, else false. */
  readonly listed?: boolean;
}

/** How a gateway behaves. Everything has a default that is safe. */
export interface GatewayOptions {
  /** The Kite Connect apps. Default none: header credentials still work for any app. */
  readonly apps?: readonly AppOptions[];
  /** Kite's address; may carry a path. Default `https://api.kite.trade`. */
  readonly kiteBaseUrl?: string | URL;
  /** Kite's login page. Default `https://kite.zerodha.com/connect/login`. */
  readonly kiteLoginUrl?: string | URL;
  /** Milliseconds for one call to Kite, connection included. Default 7000. */
  readonly kiteTimeoutMilliseconds?: number;
  /** Milliseconds for one GraphQL operation, waiting and retries included. Default 30000. */
  readonly operationTimeoutMilliseconds?: number;
  /**
   * The most calls to Kite started in any 1,000 ms per api_key, all users together. Calls beyond it wait.
   * Default 10, which is Kite's own limit; 0 for none.
   */
  readonly kiteRateLimit?: number;
  /** A `redis://` URL, by which all replicas together keep to `kiteRateLimit`. Default: each by itself. */
  readonly redisUrl?: string;
  /** The greatest age, in seconds, that a request's `Cache-Control: max-age` may accept. Default 60. */
  readonly maxAgeSeconds?: number;
  /** The gateway's own address, as browsers reach it. Default `http://localhost:4000`. */
  readonly publicUrl?: string | URL;
  /** Whether exchangeToken and renewSession may answer with tokens. Default false. */
  readonly exposeTokens?: boolean;
  /** GraphiQL on the GraphQL address. Default false. */
  readonly graphiql?: boolean | GraphiqlPage;
  /** Whether clients may ask for the schema. Default true. */
  readonly introspection?: boolean;
  /** Where to log. Default: nowhere. */
  readonly logger?: Logger;
  /** The time. Default: the machine's. */
  readonly now?: () => Date;
}

/** A mounted gateway: a fetch handler, and a request listener for `node:http`. */
export type Gateway = YogaServerInstance<Record<string, unknown>, Context>;

/** The longest request body, in bytes: a thousand ids and a long document fit in a tenth of it. */
const longestRequestBody = 1_000_000;

/**
 * Makes a gateway to mount in any server that speaks fetch, or in `node:http`:
 * `createServer({ maxHeaderSize: 131072, joinDuplicateHeaders: true }, createGateway({ ... }))`.
 * It listens to nothing and reads no environment by itself.
 * @throws TypeError for a URL that is none.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const log = options.logger ?? pino({ level: 'silent' });
  const { services, close } = createServices(options, log);
  const track = createRequestTracker();
  const { graphiql = false } = options;

  return createYoga<Record<string, unknown>, Context>({
    schema,
    context: ({ request }: YogaInitialContext) =>
      createContext(services, {
        requestId: track(request).id,
        ...readCredentials(request.headers),
        maxAgeSeconds: acceptedAge(request.headers.get('cache-control')),
        signal: request.signal,
      }),
    plugins: [
      useRequestId(track),
      useJsonOnly(),
      useLimits({ introspection: options.introspection ?? true }),
      useErrors(track, log),
      useOperationLog(track, log),
      useOperationEnd(),
      { onDispose: close },
    ],
    graphiql: graphiql !== false && graphiqlOptions(graphiql === true ? {} : graphiql),
    renderGraphiQL: renderGraphiqlPage,
    landingPage: ({ url, fetchAPI, graphqlEndpoint }) =>
      url.pathname === '/' && graphiql !== false
        ? new fetchAPI.Response(null, { status: 302, headers: { location: graphqlEndpoint } })
        : new fetchAPI.Response('Not found', { status: 404 }),
    // useErrors masks: it also sees what fails before an operation runs, and it knows the request's id.
    maskedErrors: false,
    logging: false,
    cors: false,
    multipart: false,
    maxRequestBodySize: longestRequestBody,
  });
}

interface RunningServices {
  readonly services: Services;
  /** Lets go of every connection. */
  readonly close: () => Promise<void>;
}

function createServices(options: GatewayOptions, log: Logger): RunningServices {
  const rateLog = openRateLog({
    limit: options.kiteRateLimit ?? 10,
    redisUrl: options.redisUrl,
    onReachable: (isReachable) => {
      if (isReachable) log.info('The rate limit is counted in Redis again');
      else log.warn('Redis does not answer: the rate limit is counted in this process alone');
    },
  });
  const { kite, close } = createUpstream({
    baseUrl: new URL(options.kiteBaseUrl ?? 'https://api.kite.trade'),
    timeoutMilliseconds: options.kiteTimeoutMilliseconds ?? 7_000,
    rateLog: rateLog.log,
  });
  const now = options.now ?? (() => new Date());
  const apps = (options.apps ?? []).map(({ apiSecret, ...app }, _index, all) => ({
    listed: all.length === 1,
    ...app,
    ...(apiSecret !== undefined && { apiSecret: new Secret(apiSecret) }),
  }));
  const services: Services = {
    kite,
    reads: createSharedReads({ kite, now, maxAgeSeconds: options.maxAgeSeconds ?? 60 }),
    apps: createApps(
      apps,
      new URL(options.publicUrl ?? 'http://localhost:4000'),
      new URL(options.kiteLoginUrl ?? 'https://kite.zerodha.com/connect/login'),
    ),
    exposeTokens: options.exposeTokens ?? false,
    operationTimeoutMilliseconds: options.operationTimeoutMilliseconds ?? 30_000,
    now,
  };
  return {
    services,
    close: async () => {
      await Promise.all([close(), rateLog.close()]);
    },
  };
}
