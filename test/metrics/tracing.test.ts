// Traces: spans of an operation, its calls with their wait apart, and the store; and what of a trace leaves the gateway.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTracing } from '../../src/tracing/open-telemetry.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);
afterAll(() => {
  trace.disable();
  propagation.disable();
  context.disable();
});

const world = await startWorld({ tracing: createTracing() });
const authorization = tokens('SIM0001');
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

beforeEach(() => exporter.reset());

const spans = () => exporter.getFinishedSpans();
const spanOf = (name: string) => spans().find((span) => span.name === name);

test('an operation is a span of the caller’s trace, and its calls are inside, the wait apart', async () => {
  const headers = { traceparent };
  await world.askRaw('query Mine { account { user { userId } } }', { authorization, headers });
  await expect
    .poll(() =>
      spans()
        .map(({ name }) => name)
        .toSorted(),
    )
    .toEqual(['GET /user/profile', 'query Mine', 'wait for a turn']);
  const operation = spanOf('query Mine');
  expect(operation?.spanContext().traceId).toBe(traceId);
  expect(operation?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  for (const name of ['GET /user/profile', 'wait for a turn']) {
    expect(spanOf(name)?.parentSpanContext?.spanId).toBe(operation?.spanContext().spanId);
  }
});

test('a call that fails is marked with why, and so is its operation', async () => {
  await world.fault({ kind: 'internal-error', path: '/user/profile', times: 1 });
  await world.askRaw('{ account { user { userId } } }', { authorization });
  await expect.poll(() => spanOf('query')?.attributes).toMatchObject({ 'kite_graphql.errors': 1 });
  const call = spanOf('GET /user/profile');
  expect(call?.attributes).toMatchObject({ 'error.type': 'unavailable' });
});

test('what the store does for an operation is inside it', async () => {
  const origin = new URL(world.url).origin;
  const browser = new Visitor(origin, 'http://localhost:4000');
  await browser.logIn(`${origin}/login?app=simulator`, 'SIM0001');
  exporter.reset();
  await browser.askRaw('query Sessions { sessions { id } }');
  await expect.poll(() => spanOf('query Sessions')).toBeDefined();
  const store = spans().filter(({ name }) => name.startsWith('store '));
  expect(store.length).toBeGreaterThan(0);
  const inside = spanOf('query Sessions')?.spanContext().spanId;
  expect(new Set(store.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
    new Set([inside]),
  );
});

test('no span holds a token or a user', async () => {
  await world.askRaw('{ accounts { id user { userId } } }', { authorization });
  const text = JSON.stringify(
    spans().map(({ name, attributes, events }) => ({ name, attributes, events })),
  );
  expect(text).not.toMatch(/SIM0001|-token/);
});

test('nothing of a trace is sent to a broker', async () => {
  const seen: string[] = [];
  const broker = createServer((request, response) => {
    seen.push(...Object.keys(request.headers));
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end('{"status":"error","error_type":"TokenException","message":"no"}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void broker.close());
  await new Promise((resolve) => broker.once('listening', resolve));
  const { port } = broker.address() as AddressInfo;
  const kiteBaseUrl = `http://127.0.0.1:${port}`;
  const other = await startWorld({ tracing: createTracing(), kiteBaseUrl });
  const headers = { traceparent, tracestate: 'vendor=1', baggage: 'user=1' };
  await other.askRaw('{ account { user { userId } } }', { authorization, headers });
  expect(seen).toContain('authorization');
  expect(seen.filter((name) => /trace|baggage/.test(name))).toEqual([]);
});
