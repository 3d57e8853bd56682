// The metrics as Prometheus reads them. The only file that loads prom-client, and loaded only where it is wanted.
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricConfiguration,
  Registry,
} from 'prom-client';
import type { CallReport } from '../brokers/upstream/report/call-report.ts';
import { type Limits, withDefaultLimits } from '../limits.ts';
import { BoundedNames, otherName } from './bounded-names.ts';
import { Children } from './children.ts';
import { watchGauges } from './gauges.ts';
import type { GaugeSources, Metrics } from './metrics.ts';

/** How metrics are made. */
export interface MetricsOptions {
  /** Where they are registered; one gateway a registry. Default: one of their own, with those of the process. */
  readonly registry?: Registry;
  /** How many names become labels. Default: as docs/limits.md lists them. */
  readonly limits?: Partial<Limits>;
}

/** Metrics, and what Prometheus is answered. */
export interface PrometheusMetrics extends Metrics {
  readonly registry: Registry;
  /** The Content-Type of {@link text}. */
  readonly contentType: string;
  /** All metrics as they are now. */
  text(): Promise<string>;
}

/** Codes of errors are a list of this project: a bound for those that a later version may add. */
const maxCodes = 64;

const upstreamBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10];
const waitBuckets = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];
const operationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const storeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Makes metrics for a gateway, to give to `createGateway`. @throws where the registry holds such metrics already. */
export function createMetrics(options: MetricsOptions = {}): PrometheusMetrics {
  const { registry = new Registry() } = options;
  const limits = withDefaultLimits(options.limits);
  if (options.registry === undefined) collectDefaultMetrics({ register: registry });

  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter(described(registry, name, help, labelNames));
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ ...described(registry, name, help, labelNames), buckets });

  const operations = counter(
    'operations_total',
    'Operations that are over, by the name of the operation and the code of the first error (OK without one).',
    ['operation', 'code'],
  );
  const operationSeconds = histogram(
    'operation_duration_seconds',
    'Time from the request to the result. Subscriptions are left out.',
    ['operation'],
    operationBuckets,
  );
  const errors = counter('errors_total', 'Errors in answers, by code.', ['code']);
  const streams = new Gauge(
    described(registry, 'streams_open', 'Subscriptions and answers in parts that are open.', [
      'kind',
    ]),
  );
  const calls = histogram(
    'upstream_call_duration_seconds',
    'Time from the turn of a call to its outcome, a second attempt included.',
    ['broker', 'endpoint', 'code'],
    upstreamBuckets,
  );
  const attempts = counter(
    'upstream_starts_total',
    'Calls that were sent, each second attempt counted too.',
    ['broker', 'app'],
  );
  const waits = histogram(
    'upstream_wait_seconds',
    'Time that a call waited in the budget for its turn.',
    ['broker'],
    waitBuckets,
  );
  const refused = counter(
    'budget_refused_total',
    'Calls that were not sent, because they had no turn in time or too many waited.',
    ['broker', 'app'],
  );
  const closings = counter(
    'budget_closings_total',
    'Times that a 429, or a 503 with a time, has closed the budget of an app.',
    ['broker', 'app'],
  );
  const reads = counter(
    'reads_total',
    'Reads of accounts: by a call of their own, by a call that another read had begun, or from an answer that was held.',
    ['source'],
  );
  const storeSeconds = histogram(
    'store_duration_seconds',
    'Time that the store of browser sessions took.',
    ['operation'],
    storeBuckets,
  );
  const storeFailures = counter(
    'store_failures_total',
    'Operations of the store of browser sessions that failed.',
    ['operation'],
  );
  const events = counter(
    'audit_events_total',
    'Logins, logouts, endings of sessions, uses of credentials and refusals, as the audit log has them.',
    ['event', 'outcome', 'code'],
  );
  const unreadable = counter(
    'unreadable_records_total',
    'Sessions that no key of KEYRING_KEYS opened when they were read, by why.',
    ['reason'],
  );
  const deliveries = counter(
    'webhook_events_total',
    'Events for the webhook: delivered, attempts that failed, given up, and lost before they were stored.',
    ['outcome'],
  );
  const ignored = counter(
    'poll_messages_ignored_total',
    'Messages of other replicas about watched accounts that were not believed or were too many.',
    ['reason'],
  );

  const names = new BoundedNames(limits.metricOperations);
  const codes = new BoundedNames(maxCodes);
  const sources: GaugeSources[] = [];
  watchGauges(registry, sources);
  /** The keys of the apps that have labels of their own. */
  const apiKeys = new Set<string>();
  const appOf = (apiKey: string) => (apiKeys.has(apiKey) ? apiKey : otherName);

  const finished = new Children((operation, code) => operations.labels(operation, code));
  const durations = new Children((operation) => operationSeconds.labels(operation));
  const waitOf = new Children((broker) => waits.labels(broker));
  const readOf = new Children((source) => reads.labels(source));
  const storeOf = new Children((operation) => storeSeconds.labels(operation));

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),

    followCall(broker, { method, path, apiKey }) {
      let startedAt: number | null = null;
      return {
        started(waitedMilliseconds) {
          startedAt ??= performance.now();
          waitOf.of(broker).observe(waitedMilliseconds / 1_000);
          attempts.inc({ broker, app: appOf(apiKey) });
        },
        ended(error) {
          if (startedAt === null) {
            if (error?.code === 'rate-limited') refused.inc({ broker, app: appOf(apiKey) });
            return;
          }
          const seconds = (performance.now() - startedAt) / 1_000;
          calls.observe(
            { broker, endpoint: `${method} ${path}`, code: error?.code ?? 'ok' },
            seconds,
          );
        },
      } satisfies CallReport;
    },

    operation({ name, codes: given, milliseconds, isSubscription }) {
      const operation = name === undefined ? 'none' : names.of(name ?? 'anonymous');
      const [first] = given;
      finished.of(operation, first === undefined ? 'OK' : codes.of(first)).inc();
      for (const code of given) errors.inc({ code: codes.of(code) });
      if (!isSubscription) durations.of(operation).observe(milliseconds / 1_000);
    },

    stream: (kind, change) => streams.inc({ kind }, change),
    read: (source) => readOf.of(source).inc(),
    budgetClosed: (broker, apiKey) => closings.inc({ broker, app: appOf(apiKey) }),

    storeCall(operation, milliseconds, isFailed) {
      storeOf.of(operation).observe(milliseconds / 1_000);
      if (isFailed) storeFailures.inc({ operation });
    },

    event: ({ event, outcome, code = '' }) =>
      events.inc({ event, outcome, code: code === '' ? '' : codes.of(code) }),
    unreadable: (reason, count) => unreadable.inc({ reason }, count),
    delivery: (outcome) => deliveries.inc({ outcome }),
    pollMessageIgnored: (reason) => ignored.inc({ reason }),
    watch(source) {
      sources.push(source);
      for (const { apiKey } of source.apps) apiKeys.add(apiKey);
    },
  };
}

/** How a metric of this gateway is registered. */
function described<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): MetricConfiguration<Label> {
  return { name: `kite_graphql_${name}`, help, labelNames, registers: [registry] };
}
