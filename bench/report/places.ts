// Profiles by parts that mean something to a reader.
import { join } from 'node:path';
import type { ProfileResult } from '../measures/profile.ts';

/** A part of the floor, the gateway, and the gateway asked by a browser, in microseconds for a request. */
export interface Place extends Record<keyof ProfileResult, number> {
  readonly name: string;
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

/** The parts from 1 µs on, the largest of the gateway's first, and the rest. Without what the profiler itself costs. */
export function places(profiles: ProfileResult): readonly Place[] {
  const nameOf = (place: string) =>
    names.find(([, matches]) => matches.test(place))?.[0] ?? folderOf(place) ?? place;
  const sums = new Map<string, Record<keyof ProfileResult, number>>();
  for (const from of ['floor', 'gateway', 'browser'] as const) {
    for (const [place, time] of Object.entries(profiles[from])) {
      if (place === 'node:inspector') continue;
      const name = nameOf(place);
      const sum = sums.get(name) ?? { floor: 0, gateway: 0, browser: 0 };
      sum[from] += time;
      sums.set(name, sum);
    }
  }
  const rest = { floor: 0, gateway: 0, browser: 0 };
  for (const [name, sum] of sums) {
    if (Math.max(sum.floor, sum.gateway, sum.browser) >= 1) continue;
    sums.delete(name);
    rest.floor += sum.floor;
    rest.gateway += sum.gateway;
    rest.browser += sum.browser;
  }
  const large = [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .toSorted((one, other) => other.gateway - one.gateway);
  return [...large, { name: 'anything else', ...rest }];
}

/** A folder of the gateway's sources, by its first two levels. */
function folderOf(place: string): string | undefined {
  const folder = /^own code in (.*)$/.exec(place)?.[1];
  if (folder === undefined) return undefined;
  return `code of its own: \`${join('src', ...folder.split('/').slice(0, 2))}/\``;
}
