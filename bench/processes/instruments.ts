// Loaded into every server before its own code: what it used, and where its time went, when the bench asks.
import { Session } from 'node:inspector/promises';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { answerParent } from './messages.ts';

/** What a server used since it began. */
export interface Usage {
  /** Microseconds of CPU, in all of its threads. */
  readonly cpu: number;
  /** Bytes allocated on the heap of the main thread, whether they were collected since or not. */
  readonly allocated: number;
}

/** What a server holds, after a garbage collection. Bytes. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

/** Where a server spent its time: a share of 1 for each place, idleness left out. */
export type Profile = Readonly<Record<string, number>>;

const session = new Session();

answerParent({
  usage(): Usage {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, allocated: getHeapStatistics().total_allocated_bytes };
  },
  async memory(): Promise<Memory> {
    // What the first collection lets go of, weak references and finalizers give back by the second.
    for (let times = 0; times < 3; times += 1) {
      globalThis.gc?.();
      await setImmediate();
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },
  async startProfile() {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 250 });
    await session.post('Profiler.start');
  },
  async stopProfile(): Promise<Profile> {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    const times = new Map<number, number>();
    profile.samples?.forEach((id, index) => {
      times.set(id, (times.get(id) ?? 0) + (profile.timeDeltas?.[index] ?? 0));
    });
    const places: Record<string, number> = {};
    let whole = 0;
    for (const { id, callFrame } of profile.nodes) {
      const place = placeOf(callFrame.functionName, callFrame.url);
      const time = times.get(id) ?? 0;
      if (place === null) continue;
      places[place] = (places[place] ?? 0) + time;
      whole += time;
    }
    return Object.fromEntries(Object.entries(places).map(([place, time]) => [place, time / whole]));
  },
});

/** The package, the module of Node, the gateway's folder, or the engine's own work; null for idleness. */
function placeOf(functionName: string, url: string): string | null {
  if (functionName === '(idle)') return null;
  if (functionName.startsWith('(')) return functionName.slice(1, -1);
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  // What the build bundles: the chunks that several entries share are graphql-js.
  const inBundle = /\/dist\/vendor\/([^/]+)\.js$/.exec(url)?.[1];
  if (inBundle !== undefined) return inBundle.replace(/^(chunk|graphql(?!-yoga)).*/, 'graphql');
  const room = /\/dist\/(?:(.*)\/)?[^/]+\.js$/.exec(url);
  if (room !== null) return `own code in ${room[1] ?? '.'}`;
  if (url.startsWith('node:'))
    return url.replace('node:internal/', 'node:').replace(/^(node:[^/]+).*/, '$1');
  return url === '' ? 'engine' : 'own code';
}
