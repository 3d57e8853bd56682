// The results in words and tables. Everything that depends on a number is written here, so that a run rewrites it.
import type { Results } from '../results.ts';
import { fixed, kibibytes, megabytes, spread } from './numbers.ts';
import { places } from './places.ts';
import {
  keyringReport,
  requestsReport,
  type Section,
  tracingReport,
  writersReport,
} from './ratios.ts';
import { table } from './table.ts';
import { targets, targetsReport } from './targets.ts';

/** The part of the README that a run writes. Measures that did not run have no section. */
export function report(results: Results): string {
  const {
    single,
    writers,
    requests,
    tracing,
    keyring,
    stores,
    many,
    sharing,
    soak,
    profile,
    parts,
    transports,
  } = results;
  const reached = targets(results);
  const section = <Result>(
    title: string,
    result: Result | undefined,
    write: (result: Result) => string,
  ) => (result === undefined ? [] : [`### ${title}`, write(result)]);
  return `${[
    machineLine(results),
    ...section('Targets', reached.length === 0 ? undefined : reached, targetsReport),
    ...section('One account in each request', single, singleReport),
    ...section('Each part by itself', writers, writersReport),
    ...section('Kinds of requests', requests, requestsReport),
    ...section('Tracing', tracing, tracingReport),
    ...section('Browsers', keyring, keyringReport),
    ...section('Stores', stores, storesReport),
    ...section('Many accounts in one request', many, manyReport),
    ...section('Calls upstream', sharing, sharingReport),
    ...section('Soak', soak?.length === 0 ? undefined : soak, soakReport),
    ...section('Where the time goes', profile, profileReport),
    ...section('Without sockets', parts, partsReport),
    ...section('The transports', transports, transportsReport),
  ].join('\n\n')}\n`;
}

function machineLine({ machine }: Results): string {
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

function singleReport(servers: Section<'single'>): string {
  const perSecond = servers[0]?.perSecond.median ?? 0;
  return [
    `All but the last three columns are multiples of the floor’s in the same round. The floor answers ${(perSecond / 1_000).toFixed(1)} thousand requests a second here, each with two calls upstream. “Allocated” is what the main thread allocates on its heap for one request.`,
    table([
      [
        'server',
        'throughput',
        'p50, 32 connections',
        'p99, 32 connections',
        'p50, one connection',
        'CPU',
        'CPU, µs',
        'allocated, KiB',
        'resident, MB',
      ],
      ...servers.map((server) => [
        server.name,
        spread(server.throughput),
        spread(server.p50),
        spread(server.p99),
        spread(server.p50Alone),
        spread(server.cpu),
        server.cpuMicroseconds.median.toFixed(0),
        kibibytes(server.allocated.median),
        megabytes(server.rss),
      ]),
    ]),
    '![Throughput of each server](throughput.svg)',
    '![Latency of each server](latency.svg)',
  ].join('\n\n');
}

function storesReport(stores: Section<'stores'>): string {
  return [
    `Keyrings of five sessions. The first columns are the time of opening one, among a hundred and among ${stores[0]?.keyrings.toLocaleString('en')}, without the gateway’s memory of opened keyrings, in two stores in turn. The others are milliseconds of openings and writes one after the other, while nothing has expired and while half of the keyrings are being deleted: the calls, the longest time for which the event loop stood still, and the longest pause of the garbage collector, which has the measure’s own memory to walk over too.`,
    table([
      [
        'store',
        'opening, µs',
        'among many, of it',
        'p99',
        'longest',
        'loop',
        'GC',
        'p99, clean-up',
        'longest, clean-up',
        'loop, clean-up',
        'GC, clean-up',
      ],
      ...stores.map(({ store, opening, ratio, calm, sweeping }) => [
        store,
        opening.median.toFixed(0),
        spread(ratio),
        ...[calm, sweeping].flatMap(({ p99, longest, loop, collection }) =>
          [p99, longest, loop, collection].map((each) => (each === undefined ? '' : fixed(each))),
        ),
      ]),
    ]),
  ].join('\n\n');
}

function manyReport(fields: Section<'many'>): string {
  return [
    'The upstream takes 5 ms for each answer. Time and CPU are multiples of the floor’s for the same calls. Memory is what the gateway holds resident once all rounds are over. Every answer was compared whole, and every sum with one over whole paise.',
    table([
      ['field', 'accounts', 'calls', 'time', 'CPU', 'ms', 'resident, MB'],
      ...fields.map(({ field, accounts, calls, time, cpu, milliseconds, rss }) => [
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

function sharingReport({ same, different }: Section<'sharing'>): string {
  return [
    'Calls upstream for one request with 32 clients at once. Each of them needs two by itself:',
    table([
      ['clients ask for', 'calls a request'],
      ['the same account', fixed(same)],
      ['different accounts', fixed(different)],
    ]),
  ].join('\n\n');
}

function soakReport(minutes: Section<'soak'>): string {
  const ratio = (minutes.at(-1)?.rss ?? 0) / (minutes[0]?.rss ?? 1);
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

function profileReport(profiles: Section<'profile'>): string {
  const rows = places(profiles);
  const columns = ['floor', 'gateway', 'browser'] as const;
  const sums = columns.map((column) => rows.reduce((sum, row) => sum + row[column], 0));
  return [
    'Microseconds of CPU for a request, by whose code was running, from sampling profiles. The last column is a browser with a keyring of fifty sessions on SQLite.',
    table([
      ['part', 'the floor', 'kite-graphql', 'with a keyring'],
      ...rows.map((row) => [row.name, ...columns.map((column) => row[column].toFixed(1))]),
      ['together', ...sums.map((sum) => sum.toFixed(1))],
    ]),
  ].join('\n\n');
}

function partsReport(parts: Section<'parts'>): string {
  return [
    'What a request costs in the gateway’s own code, with an upstream that answers at once. Each row includes the rows above it, but the last one replaces the row before it: the same query by another engine.',
    table([
      ['part', 'CPU, µs', 'memory, KiB'],
      ...parts.map(({ name, cpu, memory }) => [
        name,
        cpu.median.toFixed(1),
        kibibytes(memory.median),
      ]),
    ]),
  ].join('\n\n');
}

function transportsReport({ got, undici }: Section<'transports'>): string {
  return [
    'Microseconds of CPU for one call to Kite, 32 at a time, through each transport of the gateway:',
    table([
      ['transport', 'CPU, µs'],
      ['got', spread(got)],
      ['undici', spread(undici)],
    ]),
  ].join('\n\n');
}
