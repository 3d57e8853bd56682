// The results in words and tables. Whatever depends on a number is written here, so that a new run rewrites it.
import type { Results } from '../results.ts';
import type { Spread } from '../statistics.ts';
import { places } from './places.ts';
import { table } from './table.ts';

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const fixed = (value: number) => value.toFixed(2);
const spread = ({ median, low, high }: Spread) => `${fixed(median)} (${fixed(low)}–${fixed(high)})`;

/** The part of the README that a run writes. */
export function report(results: Results): string {
  return `${[
    onWhat(results),
    '### One account in each request',
    single(results),
    '### Many accounts in one request',
    many(results),
    '### Calls upstream',
    sharing(results),
    ...(results.soak.length > 0 ? ['### Soak', soak(results)] : []),
    '### Where the time goes',
    profile(results),
    '### The transports',
    transports(results),
  ].join('\n\n')}\n`;
}

function onWhat({ machine }: Results): string {
  const { date, processor, cores, memory, system, node, pinned, versions } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Made on ${date} on ${cores} cores of ${processor} with ${memory} GiB and ${system}; Node.js ${node}; ${packages.join(', ')}.`,
    pinned
      ? 'The server that is measured has the first core to itself; the upstream and the clients have the others.'
      : 'Nothing was pinned to a core: `taskset` is missing.',
    'Every number is the median of its rounds; half of the rounds lie within the parentheses.',
  ].join(' ');
}

function single({ single: servers }: Results): string {
  const [floor] = servers;
  const gateway = servers.find(({ name }) => name === 'kite-graphql');
  const apollo = servers.find(({ name }) => name === 'Apollo Server');
  const ofFloor = gateway?.throughput.median ?? 0;
  const ofApollo = ofFloor / (apollo?.throughput.median ?? 1);
  const met = (isMet: boolean) => (isMet ? 'met' : 'missed');
  return [
    `The target is 0.50 of the floor: ${fixed(ofFloor)}, ${met(ofFloor >= 0.5)}; and three times Apollo Server: ${fixed(ofApollo)} times, ${met(ofApollo >= 3)}.`,
    `All but the last two columns are multiples of the floor’s in the same round. The floor answers ${((floor?.perSecond.median ?? 0) / 1_000).toFixed(1)} thousand requests a second here, each with two calls upstream.`,
    table([
      [
        'server',
        'throughput',
        'p50, 32 connections',
        'p99, 32 connections',
        'p50, one connection',
        'CPU',
        'CPU, µs',
        'memory, MB',
      ],
      ...servers.map((server) => [
        server.name,
        spread(server.throughput),
        spread(server.p50),
        spread(server.p99),
        spread(server.p50Alone),
        spread(server.cpu),
        server.cpuMicroseconds.median.toFixed(0),
        megabytes(server.rss),
      ]),
    ]),
    '![Throughput of each server](throughput.svg)',
    '![Latency of each server](latency.svg)',
  ].join('\n\n');
}

function many({ many: questions }: Results): string {
  return [
    'The upstream takes 5 ms for each answer. Time and CPU are multiples of the floor’s for the same calls; the aim is 1.50. Memory is what the gateway holds resident after it, most of it since the load before. Every answer was compared whole, and every sum with one over whole paise.',
    table([
      ['field', 'accounts', 'calls', 'time', 'CPU', 'ms', 'memory, MB'],
      ...questions.map(({ field, accounts, calls, time, cpu, milliseconds, rss }) => [
        `\`${field}\``,
        String(accounts),
        String(calls),
        spread(time),
        spread(cpu),
        milliseconds.median.toFixed(0),
        megabytes(rss),
      ]),
    ]),
    '![Time and CPU for many accounts](many.svg)',
  ].join('\n\n');
}

function sharing({ sharing: { same, different } }: Results): string {
  return [
    'Calls upstream for one request with 32 clients at once, who by themselves need two each:',
    table([
      ['clients ask for', 'calls a request'],
      ['the same account', fixed(same)],
      ['different accounts', fixed(different)],
    ]),
  ].join('\n\n');
}

function soak({ soak: minutes }: Results): string {
  const [first] = minutes;
  const last = minutes.at(-1);
  const ratio = (last?.rss ?? 0) / (first?.rss ?? 1);
  return [
    `Full load from 32 connections, memory after a garbage collection. After the last minute it is ${fixed(ratio)} of what it was after the first; the aim is at most 1.10.`,
    table([
      ['after minute', 'requests', 'resident, MB', 'heap, MB'],
      ...minutes.map(({ requests, rss, heapUsed }, index) => [
        String(index + 1),
        String(requests),
        megabytes(rss),
        megabytes(heapUsed),
      ]),
    ]),
  ].join('\n\n');
}

function profile({ profile: { floor, gateway } }: Results): string {
  const rows = places(floor, gateway);
  const sum = (of: 'floor' | 'gateway') => rows.reduce((total, row) => total + row[of], 0);
  const total = { floor: sum('floor'), gateway: sum('gateway') };
  const above = total.gateway - total.floor / 0.75;
  return [
    `Microseconds of CPU for a request, by whose code was running, from a sampling profile. 0.75 of the floor would be ${(total.floor / 0.75).toFixed(0)} µs: ${above.toFixed(0)} µs less than now.`,
    table([
      ['part', 'the floor', 'kite-graphql'],
      ...rows.map(({ name, ...row }) => [name, row.floor.toFixed(1), row.gateway.toFixed(1)]),
      ['together', total.floor.toFixed(1), total.gateway.toFixed(1)],
    ]),
  ].join('\n\n');
}

function transports({ transports: { got, undici } }: Results): string {
  return [
    'Microseconds of CPU for one call to Kite, 32 at a time, through each transport of the gateway:',
    table([
      ['transport', 'CPU, µs'],
      ['got', spread(got)],
      ['undici', spread(undici)],
    ]),
  ].join('\n\n');
}
