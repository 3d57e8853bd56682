// The charts beside the README.
import { gatewayName } from '../processes/stage.ts';
import type { Results } from '../results.ts';
import type { Spread } from '../statistics.ts';
import { barChart } from './bar-chart.ts';
import { mustCpuOfMany, mustThroughput } from './targets.ts';

const times = ({ median }: Spread) => `${median.toFixed(2)} ×`;

/** Every chart, by its file's name. */
export function charts({ single = [], many = [] }: Results): Readonly<Record<string, string>> {
  const isOurs = (name: string) => name === gatewayName;
  return {
    'throughput.svg': barChart({
      title: 'Throughput',
      subtitle:
        'requests a second as a share of the floor’s; one core, 32 connections, two calls upstream each',
      bars: single.map(({ name, throughput }) => ({
        label: name,
        value: throughput,
        text: throughput.median.toFixed(2),
        isOurs: isOurs(name),
      })),
      aim: { value: mustThroughput, text: 'target' },
    }),
    'latency.svg': barChart({
      title: 'Latency',
      subtitle: 'in multiples of the floor’s, at 32 connections',
      bars: single.flatMap(({ name, p50, p99 }) => [
        { label: `${name}, p50`, value: p50, text: times(p50), isOurs: isOurs(name) },
        { label: 'p99', value: p99, text: times(p99), isOurs: isOurs(name) },
      ]),
    }),
    'many.svg': barChart({
      title: 'Many accounts in one request',
      subtitle: 'in multiples of the floor’s for the same calls; upstream latency 5 ms',
      bars: many.flatMap(({ field, accounts, time, cpu }) => [
        { label: `${field}, ${accounts}: time`, value: time, text: times(time), isOurs: true },
        { label: 'CPU', value: cpu, text: times(cpu), isOurs: false },
      ]),
      aim: { value: mustCpuOfMany, text: 'target for CPU' },
    }),
  };
}
