// Two gateways on one simulator and one Redis, as two replicas are, and what both of their streams see.
import { beforeEach, expect } from 'vitest';
import { generateKey } from '../../../src/keyring/crypto/keys.ts';
import { createMetrics } from '../../../src/metrics/prometheus.ts';
import { graphql } from '../../generated/gql.ts';
import { follow, type Happening } from '../follower.ts';
import { readableLog } from '../readable-log.ts';
import { TestClock } from '../values/test-clock.ts';
import { startWorld, tokens } from '../world.ts';

/** Margins of both segments. */
export const bothSegments = graphql(`
  subscription ReplicaBoth($everySeconds: Int) {
    marginsChanged(everySeconds: $everySeconds) {
      margins { equity { net asOf } commodity { net } }
    }
  }
`);

/** What events of margins have, as far as tests look at it. */
export interface Nets {
  readonly marginsChanged: {
    readonly margins?: Partial<
      Record<'equity' | 'commodity', { readonly net: number } | null>
    > | null;
  };
}

/** The balances of an event: equity, then commodity. */
export function netsOf(event: Happening<Nets> | null): readonly (number | undefined)[] {
  const { equity, commodity } = event?.data?.marginsChanged.margins ?? {};
  return [equity?.net, commodity?.net];
}

/** The next event of each stream. */
export function nextOf<E>(streams: readonly { next(): Promise<E> }[]): Promise<E[]> {
  return Promise.all(streams.map((stream) => stream.next()));
}

/** The balances of the simulated user that {@link authorization} names. */
export const balances = [99725.05000000002, 100661.7] as const;
/** The credential of a simulated user. */
export const authorization = tokens('SIM0001');

/** Starts the replicas for the tests of a suite. @param urls the Redis as each of them reaches it. */
export async function startReplicas(urls: readonly [string, string]) {
  const clock = new TestClock();
  const logs = [readableLog(), readableLog()] as const;
  const metrics = createMetrics();
  const keyringKeys = [generateKey()];
  const optionsOf = (index: 0 | 1) => ({
    clock,
    redisUrl: urls[index],
    keyringKeys,
    logger: logs[index].logger,
    // Who polls is Redis's to say, however busy this machine is.
    limits: { redisAnswerMilliseconds: 20_000 },
  });
  const one = await startWorld(optionsOf(0));
  const other = await startWorld({ ...optionsOf(1), kiteBaseUrl: one.simulator.url, metrics });

  /** Once each poller, of either replica, waits, beside what counts sessions for the metrics. */
  const settled = (pollers: number) => expect.poll(() => clock.waiting).toBe(1 + pollers);
  beforeEach(async () => {
    await settled(0);
    await one.reset();
  });
  const pathsOf = async () => (await one.calls()).map(({ path }) => path);
  const following = (world: typeof one, document: object = bothSegments, everySeconds = 5) =>
    follow<Nets, object>(world.url, document.toString(), {
      authorization,
      variables: { everySeconds },
    });
  /** A metric of the other replica, by its label. */
  const counted = async (name: string, label: string) => {
    const metric = await metrics.registry.getSingleMetric(`kite_graphql_${name}`)?.get();
    return Object.fromEntries(
      (metric?.values ?? []).map(({ labels, value }) => [labels[label], value]),
    );
  };

  return {
    clock,
    one,
    other,
    settled,
    pathsOf,
    following,
    counted,
    /** The lines of either log with this message. */
    lines: (message: string) => logs.map((log) => log.lines.filter(({ msg }) => msg === message)),
    /** Streams on both, of which the first one's replica polls. */
    async followBoth(pollers = 2) {
      const here = await following(one);
      expect(netsOf(await here.next())).toEqual(balances);
      const there = await following(other);
      expect(netsOf(await there.next())).toEqual(balances);
      await settled(pollers);
      expect(await pathsOf()).toEqual(['/user/margins']);
      expect(await counted('watched_accounts', 'role')).toEqual({ polled: 0, followed: 1 });
      return [here, there] as const;
    },
  };
}
