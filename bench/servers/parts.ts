// A process that measures what each part of the gateway costs: no sockets, and an upstream that answers at once. Its
// young generation is so large that nothing is collected while memory is measured.

import { parse, type ValidatedExecutionArgs, validateExecutionArgs } from 'graphql';
import { pino } from 'pino';
import type { Credential } from '../../src/brokers/credential.ts';
import { createKiteClient } from '../../src/brokers/kite/client.ts';
import { budgeted, jitter } from '../../src/brokers/upstream/budget/budget.ts';
import {
  AcceptedCredentials,
  RefusedCredentials,
} from '../../src/brokers/upstream/budget/known-credentials.ts';
import { unlimited } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { Deadline } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import type { Transport } from '../../src/brokers/upstream/transport.ts';
import type { BrowserKeyring } from '../../src/browser-keyring.ts';
import { type Context, createContext, type Services } from '../../src/context.ts';
import { executeWhole } from '../../src/http/plugins/engine.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { Loaders } from '../../src/loaders/loaders.ts';
import { createSharedReads } from '../../src/loaders/shared-reads.ts';
import { executePlan } from '../../src/plans/execute-plan.ts';
import { makePlan } from '../../src/plans/make-plan.ts';
import type { Plan } from '../../src/plans/plan.ts';
import { schema } from '../../src/schema/schema.ts';
import { createServices } from '../../src/services.ts';
import { Cancellation } from '../../src/shared/cancellation.ts';
import { envelope, marginsOf, profile } from '../kite.ts';
import { Questions } from '../load/question.ts';
import type { PartResult } from '../measures/without-sockets.ts';
import { tell } from '../processes/messages.ts';
import { spreadOf } from '../statistics.ts';

const bodies = new Map([
  ['/user/profile', envelope(profile)],
  ['/user/margins', envelope(marginsOf(1))],
]);
const answering: Transport = async ({ path }, _operation, departure) => {
  departure?.sent();
  return { status: 200, body: bodies.get(path) ?? '', retryAfterSeconds: null };
};
const limits = withDefaultLimits();
const accepted = new AcceptedCredentials(1_000);
const kite = createKiteClient(
  budgeted(answering, { log: unlimited, limits, accepted, retryDelay: jitter }),
  { maxNesting: 16, refused: new RefusedCredentials(5, 1_000) },
);
const now = () => new Date();
const running = createServices({}, pino({ level: 'silent' })).services;
const answeringBroker = { ...running.broker.of('KITE'), ...kite };
const broker = { ...running.broker, ...kite, of: () => answeringBroker };
const reads = createSharedReads({ broker, now, maxAgeSeconds: 60, maxHeld: 4_000 });
const both = ['equity', 'commodity'] as const;

let made = 0;
function credential(): Credential {
  made += 1;
  return { apiKey: 'bench', accessToken: new Secret(`t${made}`) };
}

function asker() {
  const deadline = new Deadline(30_000);
  const operation = deadline.unless(new Cancellation());
  return { deadline, operation, maxAgeSeconds: 0 };
}

const services: Services = {
  ...running,
  broker,
  reads,
};
const unused = () => {
  throw new Error('A query with a header uses no keyring.');
};
const noKeyring: BrowserKeyring = {
  barred: null,
  id: null,
  device: { ipAddress: null, userAgent: null },
  unavailable: false,
  sessions: [],
  beginLogin: unused,
  endTokens: unused,
  completeForCaller: unused,
  completeLogin: unused,
  attempt: unused,
  renew: unused,
  expire: unused,
  revoke: unused,
  sessionsElsewhere: unused,
  revokeElsewhere: unused,
  hasRoomForStream: false,
  canBeFollowed: false,
  changes: unused,
  watchAccounts: unused,
  label: unused,
  clearIfEmpty: unused,
};

function context(): Context {
  return createContext(services, {
    callerId: 'bench',
    requestId: 'bench',
    credentials: [credential()],
    foreignScheme: null,
    maxAgeSeconds: 0,
    cost: null,
    keyring: noKeyring,
    signal: new Cancellation(),
  });
}

const { query } = JSON.parse(new Questions().oneAccount().body);
const document = parse(query);
let plan: Plan | null | undefined;

// Validated once, as the gateway does with an operation that has no variables.
const validated = validateExecutionArgs({ schema, document });
if (!('schema' in validated)) throw new Error('The query is not valid');

function operationIn(contextValue: Context): ValidatedExecutionArgs {
  return { ...(validated as ValidatedExecutionArgs), contextValue };
}

/** Each does what the one before it does, and one thing more; the last does it in another way. */
const parts: readonly (readonly [name: string, run: () => Promise<void>])[] = [
  [
    'parsing two bodies as JSON',
    async () => {
      for (const body of bodies.values()) JSON.parse(body);
    },
  ],
  [
    'the client: two calls with their deadline, budget and retry, answers parsed',
    async () => {
      const { deadline, operation } = asker();
      const who = credential();
      await Promise.all([kite.profile(who, operation), kite.margins(who, operation)]);
      deadline.end();
    },
  ],
  [
    'and shared between requests, and held',
    async () => {
      const { deadline, ...rest } = asker();
      const who = credential();
      await Promise.all([reads.profile(who, rest), reads.margins(who, both, rest.operation)]);
      deadline.end();
    },
  ],
  [
    'and through the loaders',
    async () => {
      const { deadline, ...rest } = asker();
      const loaders = new Loaders(reads, rest);
      const who = credential();
      const account = { id: who.accessToken.reveal(), credential: who };
      const segments = both.map((segment) => loaders.margins(account, segment));
      await Promise.all([loaders.profile(account), ...segments]);
      deadline.end();
    },
  ],
  [
    'and as a query, in a context of its own, by graphql-js',
    async () => {
      const operation = operationIn(context());
      await executeWhole(operation);
      (operation.contextValue as Context).deadline.end();
    },
  ],
  [
    'and as the same query, by a plan',
    async () => {
      const operation = operationIn(context());
      plan ??= makePlan(operation, 1_000);
      if (plan === null) throw new Error('The query has no plan');
      await executePlan(plan, operation);
      (operation.contextValue as Context).deadline.end();
    },
  ],
];

const [, , rounds = '', runs = ''] = process.argv;
const results: PartResult[] = [];
for (const [name, run] of parts) {
  for (let times = 0; times < 10_000; times += 1) await run();
  const cpu: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    globalThis.gc?.();
    const held = process.memoryUsage().heapUsed;
    for (let times = 0; times < 500; times += 1) await run();
    memory.push((process.memoryUsage().heapUsed - held) / 500);
    const before = process.cpuUsage();
    for (let times = 0; times < Number(runs); times += 1) await run();
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / Number(runs));
  }
  results.push({ name, cpu: spreadOf(cpu), memory: spreadOf(memory) });
}
tell(results);
