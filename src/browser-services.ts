// From options to what serves browsers: the keyrings of their sessions, and what logs in, renews, ends and tells of them.
import type { Logger } from 'pino';
import { defaultBroker } from './brokers/broker-name.ts';
import { machineClock } from './brokers/upstream/clock.ts';
import type { Services } from './context.ts';
import { createAudit } from './http/audit.ts';
import { createAttempts } from './http/limits/attempts.ts';
import type { FailureLog } from './http/limits/failure-log.ts';
import type { MinuteLimits } from './http/limits/minute-limits.ts';
import { createPasswordTries } from './http/limits/password-tries.ts';
import type { BrowserKeyrings } from './http/login/browser-keyrings.ts';
import { createKeyringLog } from './http/login/keyring-log.ts';
import { createLoginService } from './http/login/login-service.ts';
import { createPasswordLogins } from './http/login/password/password-logins.ts';
import { createPendingLogins } from './http/login/pending-logins.ts';
import { createSessionRenewals } from './http/login/session-renewals.ts';
import { createCauseLog } from './http/plugins/cause-log.ts';
import { createCookies } from './http/request/cookies.ts';
import { createSessionWebhook } from './http/session-webhook.ts';
import { createCensus } from './keyring/census/census.ts';
import { createEncryptedChallenges } from './keyring/crypto/encrypted-challenges.ts';
import { createEncryptedRecords } from './keyring/crypto/encrypted-records.ts';
import { createEncryptedRevocations } from './keyring/crypto/encrypted-revocations.ts';
import { createEncrypter } from './keyring/crypto/encrypter.ts';
import { generateKey } from './keyring/crypto/keys.ts';
import { createKeyrings } from './keyring/keyrings.ts';
import { createSessionNews } from './keyring/news/session-news.ts';
import type { KeyringReport } from './keyring/report.ts';
import { createRevocations } from './keyring/revocations/revocations.ts';
import { createTokenEnds } from './keyring/revocations/token-ends.ts';
import type { SessionRecord } from './keyring/session-record.ts';
import { createMemoryStore } from './keyring/stores/memory-store.ts';
import { type ObserveStore, reportingStore } from './keyring/stores/reporting-store.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { GatewayOptions } from './options.ts';
import { originsOf } from './services.ts';
import { noAuditLog } from './shared/audit.ts';

/** What logins are told to, and counted by. */
export interface LoginLogs {
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly minutes: MinuteLimits;
}

/** What keyrings of browsers are made from. @throws TypeError for an invalid URL. */
export function createBrowserKeyrings(
  options: GatewayOptions,
  { broker, apps, live, limits, operationTimeoutMilliseconds: timeoutMilliseconds, now }: Services,
  { log, failures, minutes }: LoginLogs,
): BrowserKeyrings {
  const { clock = machineClock, metrics, tracing } = options;
  const origins = originsOf(options);
  const cookies = createCookies(origins.secure, options.cookieName ?? 'kite_graphql');
  const encrypter = createEncrypter(options.keyringKeys ?? [generateKey()]);
  const store = options.keyringStore ?? createMemoryStore(now);
  const storeFailures = createCauseLog(log, 'The store of browser sessions failed', limits);
  const reported = reportingStore(store, (method, cause) => storeFailures(cause, { method }), [
    ...(metrics ? [timing(metrics)] : []),
    ...(tracing ? [tracing.observeStore] : []),
  ]);
  const audit = createAudit(
    options.auditLog ?? noAuditLog,
    encrypter,
    limits,
    options.clock,
    metrics && ((event) => metrics.event(event)),
  );
  const logReport = createKeyringLog(log, limits, clock.milliseconds);
  const report = (event: KeyringReport) => {
    logReport(event);
    if (event.kind === 'unreadable-records') metrics?.unreadable(event.reason, event.count);
  };
  const expiryOf = ({ broker: name, loginTime, issuedAt }: SessionRecord) =>
    broker.of(name).toldExpiryOf(loginTime ?? issuedAt);
  const shared = { encrypter, now, limits };
  const webhook =
    options.webhook &&
    createSessionWebhook({
      ...options.webhook,
      ...shared,
      store: reported,
      clock,
      expiryOf,
      log,
      metrics,
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
    clock,
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
  const census =
    metrics &&
    createCensus({
      store,
      recordsWith: (told) => createEncryptedRecords(store, encrypter, told, limits),
      clock,
      limits,
    });
  metrics?.watch({
    apps: (options.apps ?? []).map(({ broker = defaultBroker, apiKey }) => ({ broker, apiKey })),
    budgetOf: (name, apiKey) => broker.of(name).budgetOf(apiKey),
    pendingRevocations: () => revocations.pending,
    watchedAccounts: () => live.accounts,
    storeCounts: () => census?.latest ?? null,
  });
  const attempts = createAttempts(minutes, limits.loginAttempts);
  const passwordLogins = createPasswordLogins({
    broker,
    apps,
    keyrings,
    challenges: createEncryptedChallenges(reported, encrypter, now),
    pendingLogins,
    tries: createPasswordTries(minutes, limits, encrypter),
    timeoutMilliseconds,
    limits,
    now,
    log,
    failures,
    audit,
  });
  const renewing = { broker, keyrings, revocations, timeoutMilliseconds };
  return {
    keyrings,
    revocations,
    news,
    deliveries: webhook?.start(keyrings) ?? null,
    census: census ?? null,
    logins: createLoginService({
      ...renewing,
      apps,
      pendingLogins,
      passwordLogins,
      cookies,
      attempts,
      limits,
      now,
      log,
      failures,
      audit,
    }),
    passwordLogins,
    renewals: createSessionRenewals(renewing),
    pendingLogins,
    cookies,
    origins,
    attempts,
    audit,
  };
}

/** Measures what the store does. */
function timing(metrics: Metrics): ObserveStore {
  return (method) => {
    const since = performance.now();
    return (isFailed) => metrics.storeCall(method, performance.now() - since, isFailed);
  };
}
