// From options to services: what lives as long as the gateway, made once.
import type { Logger } from 'pino';
import { createApps } from './brokers/apps.ts';
import { type BrokerName, defaultBroker } from './brokers/broker-name.ts';
import { type Brokers, createBrokers } from './brokers/brokers.ts';
import { createKite } from './brokers/kite/kite.ts';
import { kotakBaseUrls } from './brokers/kotak/hosts.ts';
import { createKotak } from './brokers/kotak/kotak.ts';
import { openRateLog } from './brokers/upstream/budget/rate-log/open-rate-log.ts';
import { machineClock } from './brokers/upstream/clock.ts';
import { followedBy } from './brokers/upstream/report/call-followers.ts';
import { logReachability } from './brokers/upstream/report/redis-rate-report.ts';
import { Secret } from './brokers/upstream/secret.ts';
import type { Services } from './context.ts';
import { createCauseLog, logFailedCalls } from './http/plugins/cause-log.ts';
import { createOrigins, type Origins } from './http/request/origins.ts';
import { createChannelKeys } from './keyring/crypto/channel-keys.ts';
import { createIdDigest } from './keyring/crypto/id-digest.ts';
import { type Limits, withDefaultLimits } from './limits.ts';
import { PollLeases } from './live/leases/poll-leases.ts';
import { createLiveMargins } from './live/live-margins.ts';
import type { PollSharing } from './live/poll-sharing.ts';
import { createSharedReads } from './loaders/shared-reads.ts';
import type { AppOptions, GatewayOptions } from './options.ts';
import { createTokenIssuer, type TokenIssuer } from './session-tokens/token-issuer.ts';
import { createCountries } from './shared/countries.ts';
import { createReturnToRule } from './shared/return-to.ts';

const defaultPublicUrl = 'http://localhost:4000';

/** Services, and the way to be rid of them. */
export interface RunningServices {
  readonly services: Services;
  /** Lets go of every connection. */
  readonly close: () => Promise<void>;
}

/** What resolvers use. @throws TypeError for an invalid URL. */
export function createServices(options: GatewayOptions, log: Logger): RunningServices {
  const limits = withDefaultLimits(options.limits);
  const { metrics, tracing } = options;
  const rateLog = openRateLog({
    limit: options.kiteRateLimit ?? 10,
    redisUrl: options.redisUrl,
    rateLog: options.rateLog,
    limits,
    onReachable: logReachability(log),
  });
  const now = options.now ?? (() => new Date());
  const apps = (options.apps ?? []).map(({ apiSecret, accessToken, ...app }, _index, all) => ({
    broker: defaultBroker,
    listed: all.length === 1,
    ...app,
    ...(apiSecret !== undefined && { apiSecret: new Secret(apiSecret) }),
    ...(accessToken !== undefined && { accessToken: new Secret(accessToken) }),
  }));
  const upstream = {
    timeoutMilliseconds: options.kiteTimeoutMilliseconds ?? 7_000,
    maxBodyBytes: limits.upstreamBodyBytes,
    maxNesting: limits.upstreamNesting,
    rateLog: rateLog.log,
    limits,
  };
  const followers = [metrics, tracing].flatMap((each) => (each ? [each.followCall] : []));
  const calling = (name: BrokerName) => ({
    onClosed: metrics && ((apiKey: string) => metrics.budgetClosed(name, apiKey)),
    onFailure: logFailedCalls(log, limits, name),
    follow: followedBy(name, followers),
  });
  const kite = createKite({
    ...upstream,
    ...calling('KITE'),
    loginUrl: new URL(options.kiteLoginUrl ?? 'https://kite.zerodha.com/connect/login'),
    baseUrl: new URL(options.kiteBaseUrl ?? 'https://api.kite.trade'),
  });
  const kotak = createKotak({
    ...upstream,
    ...calling('KOTAK'),
    baseUrls: kotakBaseUrls(options.kotakBaseUrls),
    apps: apps.filter((app) => app.broker === 'KOTAK'),
    now,
  });
  const broker = createBrokers({ KITE: kite.broker, KOTAK: kotak.broker }, apps);
  const reads = createSharedReads({
    broker,
    now,
    maxAgeSeconds: options.maxAgeSeconds ?? 60,
    maxHeld: limits.heldAnswers,
    maxAccepted: limits.acceptedCredentials,
    onRead: metrics && ((source) => metrics.read(source)),
  });
  const sharing = sharePolls(options, limits, log, now);
  const live = createLiveMargins({
    reads,
    sharing,
    limits,
    ...(options.clock && { clock: options.clock }),
  });
  options.stopping?.addEventListener('abort', () => live.stop(), { once: true });
  const services: Services = {
    broker,
    reads,
    live,
    limits,
    apps: createApps(apps, new URL(options.publicUrl ?? defaultPublicUrl), broker),
    acceptsHeaderOf: headerRule(options),
    returnTo: createReturnToRule(originsOf(options).trustedPage, limits.returnToCharacters),
    exposeTokens: options.exposeTokens ?? false,
    tokens: tokenIssuer(options, broker, now),
    countries: createCountries(options.countryDatabase),
    digest: createIdDigest(options.keyringKeys),
    operationTimeoutMilliseconds: options.operationTimeoutMilliseconds ?? 30_000,
    now,
  };
  return {
    services,
    close: async () => {
      live.stop();
      await Promise.all([kite.close(), kotak.close(), rateLog.close(), sharing?.close()]);
    },
  };
}

/** What shares polls with other replicas; null without Redis or a key that they have too. */
function sharePolls(
  { redisUrl, keyringKeys: [key] = [], clock = machineClock, metrics }: GatewayOptions,
  limits: Limits,
  log: Logger,
  now: () => Date,
): PollSharing | null {
  if (redisUrl === undefined || key === undefined) return null;
  const logIgnored = createCauseLog(log, 'A message of another replica was ignored', limits);
  return new PollLeases({
    redisUrl,
    keys: createChannelKeys(key),
    clock,
    now,
    limits,
    onShared({ isShared, cause }) {
      if (isShared) log.info('Polls of live margins are shared with other replicas again');
      else
        log.warn({ cause }, 'Polls of live margins are not shared: this process polls by itself');
    },
    onIgnored(reason) {
      metrics?.pollMessageIgnored(reason);
      logIgnored(reason, {});
    },
  });
}

/** The issuer of session tokens; null where there are no keys. */
function tokenIssuer(
  options: GatewayOptions,
  brokers: Brokers,
  now: () => Date,
): TokenIssuer | null {
  const { sessionTokens: tokens } = options;
  const issuer = originsOf(options).home.replace(/\/$/, '');
  return tokens === undefined ? null : createTokenIssuer({ tokens, issuer, now, brokers });
}

/** The origins whose pages are trusted. @throws TypeError for an invalid URL. */
export function originsOf({
  publicUrl = defaultPublicUrl,
  allowedOrigins = [],
}: GatewayOptions): Origins {
  return createOrigins(new URL(publicUrl), allowedOrigins);
}

/** Whether the Authorization header may carry credentials of an app. */
function headerRule({ apps = [], headerCredentials }: GatewayOptions): Services['acceptsHeaderOf'] {
  const rule = headerCredentials ?? (apps.length > 0 ? 'own' : 'any');
  if (rule === 'any') return () => true;
  const nameOf = ({ broker = defaultBroker, apiKey }: Pick<AppOptions, 'broker' | 'apiKey'>) =>
    `${broker} ${apiKey}`;
  const own = new Set(rule === 'own' ? apps.map(nameOf) : []);
  return (credential) => own.has(nameOf(credential));
}
