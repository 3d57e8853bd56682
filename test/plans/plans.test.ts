// When a plan is made and used, what is left to graphql-js, and how much is kept.
import { tracingChannel } from 'node:diagnostics_channel';
import {
  buildSchema,
  type ExecutionResult,
  GraphQLError,
  parse,
  type ValidatedExecutionArgs,
  validate,
  validateExecutionArgs,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { executeWhole } from '../../src/http/plugins/engine.ts';
import { type Limits, withDefaultLimits } from '../../src/limits.ts';
import { Plans } from '../../src/plans/plans.ts';
import { AnswerMeter } from '../../src/shared/answer-meter.ts';

const schema = buildSchema(`
  directive @defer(if: Boolean! = true) on INLINE_FRAGMENT
  directive @other on FIELD
  type Query { text: String deep: Query }
  type Mutation { text: String }
  type Subscription { text: String }
`);

/** An operation that is valid, with what its resolvers see. */
function operationOf(
  document: ReturnType<typeof parse>,
  variableValues: Readonly<Record<string, unknown>> = {},
  rest: object = {},
): ValidatedExecutionArgs {
  const contextValue = { answer: new AnswerMeter(withDefaultLimits()) };
  const rootValue = { text: 'words', deep: { text: 'more' } };
  const args = { schema, document, contextValue, rootValue, variableValues, ...rest };
  return validateExecutionArgs(args) as ValidatedExecutionArgs;
}

function read(text: string) {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return document;
}

/** Plans that are made at once, unless the limits say otherwise. */
function plansWith(limits: Partial<Limits> = {}): Plans {
  return new Plans(withDefaultLimits({ planUses: 0, ...limits }));
}

test('a document has a plan after the uses that the limit names', () => {
  const plans = plansWith({ planUses: 2 });
  const document = read('{ text }');
  expect(plans.execute(operationOf(document))).toBeNull();
  expect(plans.execute(operationOf(document))).toBeNull();
  expect(plans.execute(operationOf(document))).toEqual({ data: { text: 'words' } });
});

test('a list that an error has made null stays null, whatever of it comes later', async () => {
  const lists = buildSchema('type Query { items: [Item!] } type Item { amount: Int! }');
  const document = parse('{ items { amount } }');
  const operation = () => {
    const failed = Promise.withResolvers<void>();
    const items = async function* () {
      yield {
        amount: () => {
          queueMicrotask(() => setImmediate(failed.resolve));
          return Promise.reject(new Error('no amount'));
        },
      };
      await failed.promise;
      yield { amount: 1 };
    };
    return operationOf(document, {}, { schema: lists, rootValue: { items } });
  };
  expect(await plansWith().execute(operation())).toMatchObject({
    data: { items: null },
    errors: [{ message: 'no amount' }],
  });
});

test('an error of a field is written, and can be recognized, as that of graphql-js', () => {
  const fail = () => {
    throw Object.assign(new Error('refused'), { extensions: { code: 'NO' } });
  };
  const document = read('{ deep { again: text } }');
  const rootValue = { deep: { text: fail } };
  const operation = () => operationOf(document, {}, { rootValue });
  const [error] = (plansWith().execute(operation()) as ExecutionResult).errors ?? [];
  const [expected] = (executeWhole(operation()) as ExecutionResult).errors ?? [];
  expect(error).toBeInstanceOf(GraphQLError);
  expect(JSON.stringify(error)).toBe(JSON.stringify(expected));
  expect(String(error)).toBe(String(expected));
  expect(error?.source).toBe(expected?.source);
  expect(error?.positions).toEqual(expected?.positions);
  expect(error?.originalError?.message).toBe('refused');
});

test('each combination of skipped fields has its own plan', () => {
  const plans = plansWith();
  const document = read('query ($is: Boolean!) { text @skip(if: $is) deep { text } }');
  const deep = { text: 'more' };
  const asked = [true, false, true];
  const answers = asked.map((is) => plans.execute(operationOf(document, { is })));
  expect(answers).toEqual([
    { data: { deep } },
    { data: { text: 'words', deep } },
    { data: { deep } },
  ]);
});

test('each operation of a document has its own plan', () => {
  const plans = plansWith();
  const document = read('query A { text } query B { deep { text } }');
  const answers = ['A', 'B', 'A'].map((operationName) =>
    plans.execute(operationOf(document, {}, { operationName })),
  );
  const deep = { text: 'more' };
  expect(answers).toEqual([
    { data: { text: 'words' } },
    { data: { deep } },
    { data: { text: 'words' } },
  ]);
});

describe('graphql-js executes', () => {
  test.each([
    ['a mutation', 'mutation { text }'],
    ['a subscription', 'subscription { text }'],
    ['a deferred fragment', '{ ... @defer { text } }'],
    ['a fragment that is not deferred for once', '{ ... @defer(if: false) { text } }'],
    ['another directive', '{ text @other }'],
    ['introspection', '{ __schema { types { name } } }'],
    ['introspection of one type', '{ __type(name: "Query") { name } }'],
  ])('%s', (_what, text) => {
    const plans = plansWith();
    const document = read(text);
    expect(plans.execute(operationOf(document))).toBeNull();
    expect(plans.execute(operationOf(document))).toBeNull();
  });

  test('a condition that is null', () => {
    const document = read('query ($is: Boolean = true) { text @skip(if: $is) }');
    const plans = plansWith();
    expect(plans.execute(operationOf(document, { is: null }))).toBeNull();
    expect(plans.execute(operationOf(document))).toEqual({ data: {} });
  });

  test.each<[string, object]>([
    ['another default resolver', { fieldResolver: () => 'other' }],
    ['a signal', { abortSignal: new AbortController().signal }],
    ['hooks', { hooks: {} }],
  ])('an operation with %s', (_what, rest) => {
    const plans = plansWith();
    expect(plans.execute(operationOf(read('{ text }'), {}, rest))).toBeNull();
  });

  test('everything while its resolvers are traced', () => {
    const plans = plansWith();
    const document = read('{ text }');
    const channel = tracingChannel('graphql:resolve');
    const tracer = { start() {}, end() {}, asyncStart() {}, asyncEnd() {}, error() {} };
    channel.subscribe(tracer);
    expect(plans.execute(operationOf(document))).toBeNull();
    channel.unsubscribe(tracer);
    expect(plans.execute(operationOf(document))).not.toBeNull();
  });
});

describe('the bound', () => {
  test('drops the plan that was used least recently', () => {
    // Each document has 8 characters and one field, and counts 28: there is room for ten.
    const plans = plansWith({ planCharacters: 280, planUses: 1 });
    const isPlanned = (name: string) => plans.execute(operationOf(documentOf(name))) !== null;
    const documents = new Map<string, ReturnType<typeof parse>>();
    const documentOf = (name: string) => {
      const document = documents.get(name) ?? read(`{${name}:text}`);
      documents.set(name, document);
      return document;
    };
    for (const name of 'abcdefghij')
      expect([isPlanned(name), isPlanned(name)]).toEqual([false, true]);
    isPlanned('a');
    expect([isPlanned('k'), isPlanned('k')]).toEqual([false, true]);
    // The uses before count for the next plan.
    const kept = [...'acdefghijk'].map(isPlanned);
    expect(kept).not.toContain(false);
    documents.delete('b');
    expect(isPlanned('b')).toBe(false);
  });

  test('leaves a document without a plan that would take more than a tenth', () => {
    const plans = plansWith({ planCharacters: 1_000 });
    expect(plans.execute(operationOf(read('{ text }')))).not.toBeNull();
    expect(
      plans.execute(operationOf(read('{ a: text b: text c: text d: text e: text }'))),
    ).toBeNull();
  });

  test('counts fragments where they are spread', () => {
    const spread = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `d${index}: deep { ...F }`).join(' ')} }
       fragment F on Query { a: text b: text c: text d: text e: text f: text }`;
    const plans = plansWith({ planCharacters: 6_000 });
    expect(plans.execute(operationOf(read(spread(2))))).not.toBeNull();
    expect(plans.execute(operationOf(read(spread(5))))).toBeNull();
  });

  test('of 0 makes no plans', () => {
    const plans = plansWith({ planCharacters: 0 });
    expect(plans.execute(operationOf(read('{ text }')))).toBeNull();
  });
});
