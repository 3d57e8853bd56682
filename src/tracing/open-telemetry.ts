// Spans for OpenTelemetry, by its API alone: the SDK, and where spans go, are the operator's. The only file that loads it.
//
// Nothing of a trace is sent to a broker: the gateway adds no header to its calls.
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { version } from '../shared/version.ts';
import type { EndedOperation, Tracing } from './tracing.ts';

/** The headers of W3C Trace Context. */
const traceHeaders = ['traceparent', 'tracestate'];

const silent = (): void => undefined;

/** Makes spans through the SDK that the process has loaded, to give to `createGateway`. */
export function createTracing(): Tracing {
  const tracer = trace.getTracer('kite-graphql', version);
  return {
    operation({ requestId, header }, run) {
      const headers = traceHeaders.flatMap((name) => {
        const value = header(name);
        return value === null ? [] : [[name, value]];
      });
      const parent = propagation.extract(context.active(), Object.fromEntries(headers));
      const attributes = { 'kite_graphql.request_id': requestId };
      const span = tracer.startSpan('GraphQL', { kind: SpanKind.SERVER, attributes }, parent);
      const inside = trace.setSpan(parent, span);
      const end = ({ name, type, errors }: EndedOperation) => {
        if (type !== null) {
          span.updateName(name === null ? type : `${type} ${name}`);
          span.setAttribute('graphql.operation.type', type);
        }
        if (name !== null) span.setAttribute('graphql.operation.name', name);
        span.setAttribute('kite_graphql.errors', errors);
        if (errors > 0) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      };
      return context.with(inside, () => run(end));
    },

    followCall(broker, { method, path }) {
      const parent = context.active();
      const attributes = { 'kite_graphql.broker': broker, 'url.path': path };
      const wait = tracer.startSpan('wait for a turn', { attributes }, parent);
      let call: ReturnType<typeof tracer.startSpan> | null = null;
      return {
        started(waitedMilliseconds) {
          if (call === null) {
            wait.setAttribute('kite_graphql.waited_milliseconds', waitedMilliseconds).end();
            const about = { ...attributes, 'http.request.method': method };
            const named = { kind: SpanKind.CLIENT, attributes: about };
            call = tracer.startSpan(`${method} ${path}`, named, parent);
          } else {
            const about = { 'kite_graphql.waited_milliseconds': waitedMilliseconds };
            call.addEvent('second attempt', about);
          }
        },
        ended(error) {
          const span = call ?? wait;
          if (error !== null) {
            span.setAttribute('error.type', error.code);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        },
      };
    },

    observeStore(method) {
      // What the gateway does by itself in the background is in no trace.
      if (trace.getActiveSpan() === undefined) return silent;
      const span = tracer.startSpan(`store ${method}`, { kind: SpanKind.CLIENT });
      return (isFailed) => {
        if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      };
    },
  };
}
