// A plan answers as graphql-js does: the same data, the same errors, the same resolvers called in the same order, under
// the same bounds.
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import {
  type ExecutionResult,
  GraphQLError,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  parse,
  specifiedRules,
  type ValidatedExecutionArgs,
  validate,
  validateExecutionArgs,
} from 'graphql';
import { expect, test } from 'vitest';
import { executeWhole } from '../../src/http/plugins/engine.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { executePlan } from '../../src/plans/execute-plan.ts';
import { makePlan } from '../../src/plans/make-plan.ts';
import { fuzzCases, fuzzSeed } from '../support/processes/environment.ts';
import { unrulyQuery } from './unruly-query.ts';
import { Unruly, unrulySchema } from './unruly-schema.ts';

const settings = { seed: fuzzSeed, numRuns: Math.ceil(fuzzCases / 10), endOnFailure: true };
const rules = specifiedRules.filter(
  (rule) => rule !== NoUnusedFragmentsRule && rule !== NoUnusedVariablesRule,
);

type Execute = (operation: ValidatedExecutionArgs) => unknown;

/** What comes of an execution, with one awaited value settled in each turn of the event loop. */
async function outcomeOf(execute: Execute, operation: ValidatedExecutionArgs) {
  const world = operation.contextValue as Unruly;
  let result: unknown = null;
  const ended = (async () => {
    result = await execute(operation);
  })();
  ended.catch(() => {});
  for (let idle = 0; result === null && idle < 5; ) {
    await nextTurn();
    idle = result !== null || world.settleOne() ? 0 : idle + 1;
  }
  const asked = [...world.asked];
  // What is left belongs to values that are null already. That it fails must not be missed by anything.
  world.endLate();
  await nextTurn();
  if (result === null) return { answer: 'none', asked };
  const { data, errors, ...rest } = result as ExecutionResult;
  expect(rest).toEqual({});
  return { answer: JSON.stringify({ data }), errors: errors?.map(described), asked };
}

function described(error: unknown) {
  if (!(error instanceof GraphQLError)) return error;
  const { message, path, locations, originalError, extensions, nodes } = error;
  const cause = originalError && `${originalError.name}: ${originalError.message}`;
  return { message, path, locations, cause, extensions, nodes: nodes?.length };
}

test('a plan gives the answer of graphql-js', { timeout: 240_000 }, async () => {
  let answers = 0;
  const bounds = fc.record({
    answerErrors: fc.constantFrom(500, 500, 3),
    answerFields: fc.constantFrom(10_000, 10_000, 10_000, 20),
    answerBytes: fc.constantFrom(100_000, 100_000, 100_000, 300),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(), bounds, async (seed, bounds) => {
      const { query, variables } = unrulyQuery(seed);
      const document = parse(query);
      fc.pre(validate(unrulySchema, document, rules).length === 0);
      const limits = withDefaultLimits(bounds);
      const operation = () => {
        const contextValue = new Unruly(seed, limits);
        const variableValues = variables;
        return validateExecutionArgs({
          schema: unrulySchema,
          document,
          contextValue,
          variableValues,
        }) as ValidatedExecutionArgs;
      };
      const planned = operation();
      expect(planned).toHaveProperty('schema');
      const plan = makePlan(planned, 10_000);
      // Only where graphql-js refuses the whole operation, for a condition that is null.
      if (plan === null) {
        expect(variables).toMatchObject({ may: null });
        return;
      }
      const expected = await outcomeOf(executeWhole as Execute, operation());
      const actual = await outcomeOf((given) => executePlan(plan, given), planned);
      // graphql-js takes some more steps to its end, in which more may be asked for.
      expect(expected.asked.slice(0, actual.asked.length)).toEqual(actual.asked);
      expect(actual.answer).toBe(expected.answer);
      expect(actual.errors?.at(-1)).toEqual(expected.errors?.at(-1));
      const isTooLarge = JSON.stringify(actual.errors?.at(-1))?.includes('AnswerTooLargeError');
      const before = actual.errors?.slice(0, -1);
      const last = isTooLarge ? before?.length : -1;
      expect(before).toEqual(expected.errors?.slice(0, last));
      answers += 1;
    }),
    settings,
  );
  expect(answers).toBeGreaterThan(settings.numRuns * 0.9);
});
