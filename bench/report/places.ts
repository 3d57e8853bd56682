// Profiles by parts that mean something to a reader.
import type { Profile } from '../processes/instruments.ts';

/** A part of both servers, in microseconds for a request. */
export interface Place {
  readonly name: string;
  readonly floor: number;
  readonly gateway: number;
}

const names: readonly (readonly [name: string, matches: RegExp])[] = [
  ['the engine: sockets, JSON, hashes, promises', /^(engine|program)$/],
  ['garbage collection', /^garbage collector$/],
  ['Node’s own JavaScript: HTTP, streams, events, timers', /^node:(?!inspector)/],
  ['undici', /^undici$/],
  [
    'Yoga: envelop, whatwg-node',
    /^(graphql-yoga|@envelop\/.*|@whatwg-node\/.*|@graphql-yoga\/.*)$/,
  ],
  [
    'GraphQL: execution, Pothos, dataloader',
    /^(graphql|@graphql-tools\/.*|@pothos\/.*|pothos-core|dataloader)$/,
  ],
  ['the log', /^(pino|sonic-boom|.*pino.*|safe-stable-stringify)$/],
  ['code of its own', /^own code$/],
];

/** The parts, the largest of the gateway's first. What the profiler itself costs is left out. */
export function places(floor: Profile, gateway: Profile): readonly Place[] {
  const nameOf = (place: string) =>
    names.find(([, matches]) => matches.test(place))?.[0] ?? 'anything else';
  const sums = new Map<string, { floor: number; gateway: number }>();
  for (const [of, profile] of [
    ['floor', floor],
    ['gateway', gateway],
  ] as const) {
    for (const [place, time] of Object.entries(profile)) {
      if (place === 'node:inspector') continue;
      const name = nameOf(place);
      const sum = sums.get(name) ?? { floor: 0, gateway: 0 };
      sum[of] += time;
      sums.set(name, sum);
    }
  }
  return [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .toSorted((one, other) => other.gateway - one.gateway);
}
