// Metrics on an address of their own, which strangers need not reach: one path, read-only, with bounds of its own.
import type { RequestListener } from 'node:http';
import type { Limits } from '../limits.ts';
import type { PrometheusMetrics } from '../metrics/prometheus.ts';
import { type Listening, listen } from './listen.ts';

/** Where metrics are answered. */
export interface MetricsAddress {
  /** Undefined: both loopback addresses. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Answers `GET /metrics`, and nothing else. @throws the system's error, such as EADDRINUSE. */
export function listenForMetrics(
  metrics: Pick<PrometheusMetrics, 'text' | 'contentType'>,
  { host, port }: MetricsAddress,
  limits: Limits,
): Promise<Listening> {
  const { metricsConnections: connections, metricsSeconds: seconds } = limits;
  return listen(answering(metrics), host, port, {
    limits: {
      ...limits,
      connections,
      connectionsPerAddress: connections,
      headersSeconds: seconds,
      requestSeconds: seconds,
      keepAliveSeconds: seconds,
    },
  });
}

function answering(metrics: Pick<PrometheusMetrics, 'text' | 'contentType'>): RequestListener {
  /** All who ask at once get one answer: reading the metrics asks the store of the budget. */
  let reading: Promise<string> | null = null;
  const read = () => {
    reading ??= metrics.text().finally(() => {
      reading = null;
    });
    return reading;
  };
  return (request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('The metrics are at GET /metrics.\n');
      return;
    }
    read().then(
      (text) => {
        const headers = {
          'content-type': metrics.contentType,
          'content-length': Buffer.byteLength(text),
          'cache-control': 'no-store',
        };
        response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : text);
      },
      () => response.writeHead(500).end(),
    );
  };
}
