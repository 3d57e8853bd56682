// Traces of the command, where the operator has loaded an SDK of OpenTelemetry before it, as by `node --import`.
import type { Tracing } from '../tracing/tracing.ts';

/** Where the API keeps what an SDK has registered. */
const registered = Symbol.for('opentelemetry.js.api.1');

/** Null where no SDK is loaded: then the API is not loaded either. */
export async function openTracing(): Promise<Tracing | null> {
  if (!(registered in globalThis)) return null;
  return (await import('../tracing/open-telemetry.ts')).createTracing();
}
