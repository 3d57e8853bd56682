// What is measured only when the metrics are read: the budget, the sessions, and the work that waits.
import { Gauge, type Registry } from 'prom-client';
import { type BrokerName, brokerNames } from '../brokers/broker-name.ts';
import type { Budget } from '../brokers/budget.ts';
import { laneNames } from '../brokers/upstream/budget/lane-calls.ts';
import { otherName } from './bounded-names.ts';
import type { GaugeSources } from './metrics.ts';

/** Registers the gauges of a gateway. @param sources where they are read, whenever the metrics are. */
export function watchGauges(registry: Registry, sources: readonly GaugeSources[]): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    read: (gauge: Gauge, source: GaugeSources) => Promise<void> | void,
  ) =>
    new Gauge({
      name: `kite_graphql_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset();
        for (const source of sources) await read(this, source);
      },
    });

  gauge(
    'budget_limit',
    'Calls that may start in any second, by app; +Inf without a limit.',
    ['broker', 'app'],
    (gauge, source) =>
      eachApp(source, (broker, app, { limit }) => gauge.set({ broker, app }, limit)),
  );
  gauge(
    'budget_used',
    'Calls that count in the present second, by app; over all replicas that share one Redis.',
    ['broker', 'app'],
    (gauge, source) => eachApp(source, (broker, app, { used }) => gauge.set({ broker, app }, used)),
  );
  gauge(
    'budget_closed_seconds',
    'For how long no call of an app starts, because the broker refused one.',
    ['broker', 'app'],
    (gauge, source) =>
      eachApp(source, (broker, app, { closedMilliseconds }) =>
        gauge.set({ broker, app }, closedMilliseconds / 1_000),
      ),
  );
  gauge(
    'budget_waiting',
    'Calls that wait for their turn in this process, by app and lane; `other` counts the apps that are not configured.',
    ['broker', 'app', 'lane'],
    async (gauge, source) => {
      const named = new Map<string, number>();
      await eachApp(source, (broker, app, { waiting }) => {
        for (const lane of laneNames) {
          gauge.set({ broker, app, lane }, waiting[lane]);
          const key = `${broker} ${lane}`;
          named.set(key, (named.get(key) ?? 0) + waiting[lane]);
        }
      });
      for (const broker of brokerNames) {
        const { waiting } = await source.budgetOf(broker, null);
        for (const lane of laneNames) {
          const others = waiting[lane] - (named.get(`${broker} ${lane}`) ?? 0);
          gauge.set({ broker, app: otherName, lane }, Math.max(0, others));
        }
      }
    },
  );
  gauge(
    'watched_accounts',
    'Accounts that subscriptions watch: `polled` by this process, or `followed` where another replica polls.',
    ['role'],
    (gauge, { watchedAccounts }) => {
      for (const [role, count] of Object.entries(watchedAccounts())) gauge.set({ role }, count);
    },
  );
  gauge(
    'revocations_pending',
    'Logouts that the broker has not confirmed and this process retries.',
    [],
    (gauge, { pendingRevocations }) => gauge.set(pendingRevocations()),
  );
  gauge(
    'sessions',
    'Sessions in the store by state, as they were last counted; replicas count the same store.',
    ['state'],
    (gauge, { storeCounts }) => {
      for (const [state, count] of Object.entries(storeCounts()?.sessions ?? {})) {
        gauge.set({ state }, count);
      }
    },
  );
  gauge(
    'sessions_unreadable',
    'Sessions in the store that no key of KEYRING_KEYS opens, as they were last counted.',
    [],
    (gauge, { storeCounts }) => gauge.set(storeCounts()?.unreadable ?? 0),
  );
  gauge(
    'store_queue',
    'Unconfirmed logouts and events for the webhook in the store, as they were last counted.',
    ['list'],
    (gauge, { storeCounts }) => {
      for (const [list, count] of Object.entries(storeCounts()?.due ?? {})) {
        gauge.set({ list }, count);
      }
    },
  );
  gauge(
    'store_counted',
    '1 where the last count covered the whole store, 0 where it stopped at its bound or failed.',
    [],
    (gauge, { storeCounts }) => gauge.set(storeCounts()?.isWhole ? 1 : 0),
  );
}

async function eachApp(
  { apps, budgetOf }: GaugeSources,
  set: (broker: BrokerName, app: string, budget: Budget) => void,
): Promise<void> {
  for (const { broker, apiKey } of apps) set(broker, apiKey, await budgetOf(broker, apiKey));
}
