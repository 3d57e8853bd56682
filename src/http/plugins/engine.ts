// The one GraphQL engine: graphql-js executes queries, mutations, deferred fragments and the events of subscriptions,
// and keeps the bounds of an answer while it is made.
//
// graphql-js exports functions only. Behind them are classes with a method for each step. Extending these counts
// what introspection and `__typename` answer as well, and ends an operation at once, which no resolver can do.
import {
  isNonNullType,
  type LegacyExperimentalIncrementalExecutionResults,
  OperationTypeNode,
  type ValidatedExecutionArgs,
} from 'graphql';
import { Executor } from 'graphql/execution/Executor.js';
import { BranchingIncrementalExecutor } from 'graphql/execution/legacyIncremental/BranchingIncrementalExecutor.js';
import type { Context } from '../../context.ts';
import { AnswerTooLargeError, omittedError } from '../../shared/answer-meter.ts';

type Step<Name extends 'executeField' | 'completeLeafValue' | 'handleFieldError'> = Parameters<
  Executor[Name]
>;

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks this of every class that others are made from.
function metered<Base extends new (...given: any[]) => Executor<any, any>>(base: Base) {
  return class extends base {
    override executeField(...given: Step<'executeField'>) {
      const path = given[3];
      // An error at the root would take the results of other mutations with it.
      if (path.prev !== undefined) answerOf(this).countField(String(path.key));
      return super.executeField(...given);
    }

    override completeLeafValue(...given: Step<'completeLeafValue'>) {
      const value = super.completeLeafValue(...given);
      answerOf(this).countValue(value);
      return value;
    }

    override handleFieldError(...given: Step<'handleFieldError'>) {
      const [error, type, , path] = given;
      if (error instanceof AnswerTooLargeError) {
        const { operation } = this.validatedExecutionArgs;
        const isOneOfSeveralWrites =
          operation.operation === OperationTypeNode.MUTATION && path.prev === undefined;
        if (!isOneOfSeveralWrites) throw error;
      }
      if (isNonNullType(type) || answerOf(this).countError(path)) super.handleFieldError(...given);
      else this.collectedErrors.add(omittedError, path);
    }
  };
}

function answerOf({ validatedExecutionArgs }: Executor) {
  return (validatedExecutionArgs.contextValue as Context).answer;
}

const MeteredExecutor = metered(Executor);

class PartsExecutor extends metered(BranchingIncrementalExecutor) {
  override getCreateSubExecutor() {
    const { validatedExecutionArgs, sharedExecutionContext } = this;
    return (deferUsageSet?: PartsExecutor['deferUsageSet']) =>
      new PartsExecutor(validatedExecutionArgs, sharedExecutionContext, deferUsageSet);
  }
}

/** Executes an operation, or one event of a subscription, and answers whole: `@defer` changes nothing. */
export function executeWhole(operation: ValidatedExecutionArgs) {
  const { SUBSCRIPTION, MUTATION } = OperationTypeNode;
  const kind = operation.operation.operation;
  return new MeteredExecutor(operation).executeRootSelectionSet(
    kind === SUBSCRIPTION ? false : kind === MUTATION,
  );
}

/** Executes an operation and answers deferred fragments when they are ready, where there are any. */
export async function executeInParts(operation: ValidatedExecutionArgs) {
  const result = await new PartsExecutor(operation).executeRootSelectionSet();
  return 'initialResult' in result ? partsOf(result) : result;
}

function partsOf({
  initialResult,
  subsequentResults,
}: LegacyExperimentalIncrementalExecutionResults): AsyncIterableIterator<unknown> {
  let isFirst = true;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    // Not a generator: that would hear of an end only after the part it waits for.
    async next() {
      if (!isFirst) return subsequentResults.next();
      isFirst = false;
      return { value: initialResult, done: false };
    },
    async return() {
      return subsequentResults.return();
    },
  };
}
