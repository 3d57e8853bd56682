// Measures of the same columns in words and tables: servers, or questions, beside a base.
import type { RequestKind } from '../measures/requests.ts';
import type { Absolutes, Ratios } from '../measures/rounds.ts';
import type { Results } from '../results.ts';
import { kibibytes, spread } from './numbers.ts';
import { table } from './table.ts';

/** What one measure gave. */
export type Section<Name extends keyof Results> = NonNullable<Results[Name]>;

/** The columns of ratios, and of what a request costs by itself. */
export const ratioColumns = ['throughput', 'p99', 'CPU', 'CPU, µs', 'allocated, KiB'];

/** The cells of those columns. */
export function ratioCells(result: Ratios & Absolutes): readonly string[] {
  return [
    spread(result.throughput),
    spread(result.p99),
    spread(result.cpu),
    result.cpuMicroseconds.median.toFixed(0),
    kibibytes(result.allocated.median),
  ];
}

/** The parts that one can do without. */
export function writersReport(writers: Section<'writers'>): string {
  return [
    'The same query, answered by each of the two writers, with plans of execution and without them. All but the last two columns are multiples of the floor’s.',
    table([
      ['way', ...ratioColumns],
      ...writers.map((writer) => [writer.name, ...ratioCells(writer)]),
    ]),
  ].join('\n\n');
}

const kindNames: Readonly<Record<RequestKind, string>> = {
  fragments: 'variables, fragments and `@include`',
  'failed account': 'three accounts, one of them refused by the upstream',
  mutation: 'a mutation: `logout`',
  'refused token': 'one account, refused by the upstream',
  'invalid document': 'a new document that is not valid in each request',
};

/** Kinds of requests. */
export function requestsReport(requests: Section<'requests'>): string {
  return [
    'All but the last two columns are multiples of what the floor needs for the same calls. The floor makes no call for a document that is not valid, and answers a constant.',
    table([
      ['request', 'calls', ...ratioColumns],
      ...requests.map((each) => [kindNames[each.kind], String(each.calls), ...ratioCells(each)]),
    ]),
  ].join('\n\n');
}

/** What tracing costs. */
export function tracingReport(ways: Section<'tracing'>): string {
  return [
    'One account, on gateways that differ in what of OpenTelemetry is there. All but the last two columns are multiples of the first row’s; the second row is the same gateway in a process of its own.',
    table([
      ['OpenTelemetry', ...ratioColumns],
      ...ways.map((each) => [each.name, ...ratioCells(each)]),
    ]),
  ].join('\n\n');
}

/** Browsers on each store. */
export function keyringReport(stores: Section<'keyring'>): string {
  return [
    'One account of a keyring of fifty sessions, by cookie. All but the last two columns are multiples of what the same query with the same account’s credential in a header takes, in the same process.',
    table([['store', ...ratioColumns], ...stores.map((each) => [each.store, ...ratioCells(each)])]),
  ].join('\n\n');
}
