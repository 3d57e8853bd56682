// The values of metrics, for tests: read as Prometheus reads them.
import type { PrometheusMetrics } from '../../../src/metrics/prometheus.ts';

/** The series of a metric: its labels as they are written, and its value. */
export type Series = Readonly<Record<string, number>>;

/** Every metric of this gateway by its name, without `kite_graphql_`. */
export async function readMetrics(
  metrics: Pick<PrometheusMetrics, 'text'>,
): Promise<(name: string) => Series> {
  const text = await metrics.text();
  return (name) => {
    const found: Record<string, number> = {};
    for (const line of text.split('\n')) {
      const [, series, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (series === `kite_graphql_${name}`) found[labels.replaceAll('"', '')] = Number(value);
    }
    return found;
  };
}
