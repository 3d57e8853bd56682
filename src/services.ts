// From options to services: what lives as long as the gateway, made once.
import type { Logger } from 'pino';
import { createApps } from './brokers/apps.ts';
import { defaultBroker } from './brokers/broker-name.ts';
import { type Brokers, createBrokers } from './brokers/brokers.ts';
import { createKite } from './brokers/kite/kite.ts';
import { createKotak } from './brokers/kotak/kotak.ts';
import { openRateLog } from './brokers/upstream/budget/open-rate-log.ts';
import { machineClock } from './brokers/upstream/clock.ts';
import { Secret } from './brokers/upstream/secret.ts';
import type { Services } from './context.ts';
import { createAudit } from './http/audit.ts';
import { createAttempts } from './http/limits/attempts.ts';
import type { FailureLog } from './http/limits/failure-log.ts';
import type { MinuteLimits } from './http/limits/minute-limits.ts';
import type { BrowserKeyrings } from './http/login/browser-keyrings.ts';
import { createLoginService } from './http/login/login-service.ts';
import { createPendingLogins } from './http/login/pending-logins.ts';
import { createSessionRenewals } from './http/login/session-renewals.ts';
import { createCauseLog, logFailedCalls } from './http/plugins/cause-log.ts';
import { createCookies } from './http/request/cookies.ts';
import { createOrigins, type Origins } from './http/request/origins.ts';
import { createSessionWebhook } from './http/session-webhook.ts';
import { createEncryptedRevocations } from './keyring/crypto/encrypted-revocations.ts';
import { createEncrypter } from './keyring/crypto/encrypter.ts';
import { createIdDigest } from './keyring/crypto/id-digest.ts';
import { generateKey } from './keyring/crypto/keys.ts';
import { createKeyrings } from './keyring/keyrings.ts';
import { createSessionNews } from './keyring/news/session-news.ts';
import type { KeyringReport } from './keyring/report.ts';
import { createRevocations } from './keyring/revocations.ts';
import type { SessionRecord } from './keyring/session-record.ts';
import { createMemoryStore } from './keyring/stores/memory-store.ts';
import { reportingStore } from './keyring/stores/reporting-store.ts';
import { createTokenEnds } from './keyring/token-ends.ts';
import { withDefaultLimits } from './limits.ts';
import { createLiveMargins } from './live/live-margins.ts';
import { createSharedReads } from './loaders/shared-reads.ts';
import type { AppOptions, GatewayOptions } from './options.ts';
import { createTokenIssuer, type TokenIssuer } from './session-tokens/token-issuer.ts';
import { noAuditLog } from './shared/audit.ts';
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
  const rateLog = openRateLog({
    limit: options.kiteRateLimit ?? 10,
    redisUrl: options.redisUrl,
    limits,
    onReachable: ({ isReachable, cause, ...shared }) => {
      if (isReachable) log.info(shared, 'The rate limit is counted in Redis again');
      else {
        log.warn(
          { ...shared, cause },
          'Redis does not answer: this process counts the rate limit alone and uses only its share',
        );
      }
    },
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
    onFailure: logFailedCalls(log, limits),
  };
  const kite = createKite({
    ...upstream,
    loginUrl: new URL(options.kiteLoginUrl ?? 'https://kite.zerodha.com/connect/login'),
    baseUrl: new URL(options.kiteBaseUrl ?? 'https://api.kite.trade'),
  });
  const kotak = createKotak({
    ...upstream,
    baseUrls: kotakHosts(options),
    apps: apps.filter((app) => app.broker === 'KOTAK'),
    now,
  });
  const broker = createBrokers({ KITE: kite.broker, KOTAK: kotak.broker }, apps);
  const reads = createSharedReads({
    // Answers are held for all brokers together.
    broker: { ...broker, expiryOf: broker.earliestExpiryOf },
    now,
    maxAgeSeconds: options.maxAgeSeconds ?? 60,
    maxHeld: limits.heldAnswers,
    maxAccepted: limits.acceptedCredentials,
  });
  const live = createLiveMargins({
    reads,
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
      await Promise.all([kite.close(), kotak.close(), rateLog.close()]);
    },
  };
}

/** The issuer of session tokens; null where there are no keys. */
function tokenIssuer(
  options: GatewayOptions,
  { expiryOf }: Pick<Brokers, 'expiryOf'>,
  now: () => Date,
): TokenIssuer | null {
  const { sessionTokens: tokens } = options;
  const issuer = originsOf(options).home.replace(/\/$/, '');
  return tokens === undefined ? null : createTokenIssuer({ tokens, issuer, now, expiryOf });
}

function originsOf({ publicUrl = defaultPublicUrl, allowedOrigins = [] }: GatewayOptions): Origins {
  return createOrigins(new URL(publicUrl), allowedOrigins);
}

const kotakBaseUrl = 'https://tradeapi.kotaksecurities.com/apim';
const otherKotakBaseUrl = 'https://ctradeapi.kotaksecurities.com/apim';

/** Kotak's hosts. @throws TypeError for an invalid URL. */
function kotakHosts({ kotakBaseUrls = [] }: GatewayOptions): readonly [URL, ...URL[]] {
  const [first = kotakBaseUrl, ...others] = kotakBaseUrls;
  if (kotakBaseUrls.length === 0) others.push(otherKotakBaseUrl);
  return [new URL(first), ...others.map((url) => new URL(url))];
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

/** What logins are told to, and counted by. */
export interface LoginLogs {
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly minutes: MinuteLimits;
}

/** What keyrings of browsers are made from. @throws TypeError for an invalid URL. */
export function createBrowserKeyrings(
  options: GatewayOptions,
  { broker, apps, limits, operationTimeoutMilliseconds: timeoutMilliseconds, now }: Services,
  { log, failures, minutes }: LoginLogs,
): BrowserKeyrings {
  const { clock = machineClock } = options;
  const origins = originsOf(options);
  const cookies = createCookies(origins.secure, options.cookieName ?? 'kite_graphql');
  const encrypter = createEncrypter(options.keyringKeys ?? [generateKey()]);
  const store = options.keyringStore ?? createMemoryStore(now);
  const storeFailures = createCauseLog(log, 'The store of browser sessions failed', limits);
  const reported = reportingStore(store, (method, cause) => storeFailures(cause, { method }));
  const audit = createAudit(options.auditLog ?? noAuditLog, encrypter, limits, options.clock);
  const report = (event: KeyringReport) => log.warn(event, 'Keyring');
  const expiryOf = ({ loginTime, issuedAt }: SessionRecord) =>
    broker.expiryOf(loginTime ?? issuedAt);
  const shared = { encrypter, now, limits };
  const webhook =
    options.webhook &&
    createSessionWebhook({
      ...options.webhook,
      ...shared,
      store: reported,
      brokerOf: (apiKey) => apps.find(apiKey)?.broker ?? defaultBroker,
      clock,
      expiryOf,
      log,
    });
  const keyrings = createKeyrings({
    ...shared,
    store: reported,
    report,
    ...(webhook && { announce: webhook.announce }),
  });
  const revocations = createRevocations({
    keyrings,
    list: createEncryptedRevocations(reported, encrypter, report),
    ends: createTokenEnds(broker, timeoutMilliseconds),
    now,
    wait: clock.wait,
    waitIdle: machineClock.wait,
    report,
    onEnded: ({ tokens, session }) => {
      const of = session && {
        keyring: audit.digests.keyring(session.keyringId),
        session: audit.digests.session(session.sessionId),
      };
      audit.write({ event: 'revocation', outcome: 'confirmed', app: tokens.apiKey, ...of });
    },
    limits,
  });
  const news = createSessionNews({
    keyrings,
    clock,
    now,
    expiryOf,
    limits,
  });
  options.stopping?.addEventListener('abort', () => news.stop(), { once: true });
  const pendingLogins = createPendingLogins(cookies, encrypter, limits, now);
  const attempts = createAttempts(minutes, limits.loginAttempts);
  const renewing = { broker, keyrings, revocations, timeoutMilliseconds };
  return {
    keyrings,
    revocations,
    news,
    deliveries: webhook?.start(keyrings) ?? null,
    logins: createLoginService({
      ...renewing,
      apps,
      pendingLogins,
      cookies,
      attempts,
      limits,
      now,
      log,
      failures,
      audit,
    }),
    renewals: createSessionRenewals(renewing),
    pendingLogins,
    cookies,
    origins,
    attempts,
    audit,
  };
}
