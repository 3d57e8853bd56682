// The dashboard, the alert rules and the documentation name the metrics that exist, and no others.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/prometheus.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const metrics = (await createMetrics().registry.getMetricsAsJSON()).map(({ name, type }) => ({
  name,
  isHistogram: `${type}` === 'histogram',
}));
const own = metrics.filter(({ name }) => name.startsWith('kite_graphql_'));
const names = new Set(
  metrics.flatMap(({ name, isHistogram }) =>
    isHistogram ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [name],
  ),
);
const metricName = /\b(?:kite_graphql|nodejs|process)_\w+/g;
const queries = JSON.parse(read('ops/grafana-dashboard.json')).panels.flatMap(
  ({ targets = [] }: { targets?: { expr: string }[] }) => targets.map(({ expr }) => expr),
) as string[];
const rules = read('ops/alerts.yaml')
  .split('\n')
  .filter((line) => /^ {8}expr:|^ {10}(?:sum|and|\/)/.test(line));
const namedIn = (texts: readonly string[]) => texts.flatMap((text) => text.match(metricName) ?? []);

test('every query of the dashboard and of an alert names metrics that exist', () => {
  expect(queries.length).toBeGreaterThan(20);
  expect(rules.length).toBeGreaterThan(10);
  expect(namedIn([...queries, ...rules]).filter((name) => !names.has(name))).toEqual([]);
});

test('the dashboard shows every metric of the gateway', () => {
  const shown = new Set(namedIn(queries));
  const missing = own.filter(
    ({ name }) => ![name, `${name}_bucket`, `${name}_count`].some((each) => shown.has(each)),
  );
  expect(missing).toEqual([]);
});

test('docs/operating.md lists every metric of the gateway, and no other', () => {
  const listed = [...read('docs/operating.md').matchAll(/^\| `(kite_graphql_\w+)` \|/gm)];
  expect(listed.map(([, name]) => name).toSorted()).toEqual(own.map(({ name }) => name).toSorted());
});

test('queries select by labels that the metric has', async () => {
  const { registry } = createMetrics();
  const labels = new Map(
    own.map(({ name }) => {
      const metric = registry.getSingleMetric(name) as unknown as { labelNames: string[] };
      return [name, new Set([...metric.labelNames, 'instance', 'le'])];
    }),
  );
  const selections = [...queries, ...rules].flatMap((text) => [
    ...text.matchAll(/(kite_graphql_\w+?)(?:_bucket|_count)?\{([^}]*)\}/g),
  ]);
  const wrong = selections.flatMap(([, name = '', selector = '']) =>
    [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
      .map(([, label = '']) => `${name} ${label}`)
      .filter(() => labels.has(name))
      .filter((pair) => !labels.get(name)?.has(pair.split(' ')[1] ?? '')),
  );
  expect(selections.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});
