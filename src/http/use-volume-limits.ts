// Plugin: bounds on the values that an operation brings along and on how much would be answered. Whatever is named
// comes back, once for every field that names it, so that a small request could ask for gigabytes.
import { type DocumentNode, GraphQLError, type GraphQLSchema, visit } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { type AnswerSize, answerSize } from './answer-size.ts';

/** The longest list among the values: as many ids as a request may reach accounts. */
const longestList = 1_000;
/** The longest string among them, in characters: as much as the address of a page may need. */
const longestText = 2_000;
/** The most fields of an answer. Everything there is to ask of an account is about a hundred. */
const mostFields = 150_000;

interface Volume extends AnswerSize {
  /** The longest list and the longest string that are written in the document. */
  readonly values: Longest;
}

/** What is executed, as far as it matters here. */
export interface Executed {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: unknown;
}

interface Longest {
  list: number;
  text: number;
}

/** The bounds. */
export interface VolumeLimits {
  /** Why an operation may not be executed, as a sentence for its sender; null when it may. */
  readonly faultOf: (executed: Executed, context: Context) => string | null;
}

/** Makes the bounds, which remember what they have measured of a document. */
export function createVolumeLimits(): VolumeLimits {
  const known = new WeakMap<DocumentNode, Map<string, Volume>>();
  const volumeOf = (executed: Executed) => {
    const { document, operationName } = executed;
    const ofDocument = known.get(document) ?? new Map<string, Volume>();
    known.set(document, ofDocument);
    const name = operationName ?? '';
    const volume = ofDocument.get(name) ?? measured(executed);
    ofDocument.set(name, volume);
    return volume;
  };

  const faultOf = (executed: Executed, { accounts }: Context): string | null => {
    const { once, forEach, values } = volumeOf(executed);
    const longest = { ...values };
    measure(executed.variableValues, longest);
    if (longest.list > longestList) {
      return `A list is too long: ${longestList} values are allowed.`;
    }
    if (longest.text > longestText) {
      return `A string is too long: ${longestText} characters are allowed.`;
    }
    const items = Math.max(accounts.length, longest.list, 1);
    return once + forEach * items > mostFields
      ? `The answer would be too large: ${mostFields} fields are allowed, those of all accounts together.`
      : null;
  };
  return { faultOf };
}

/** Refuses operations with values too long, and those whose answer would be too large. */
export function useVolumeLimits({ faultOf }: VolumeLimits): Plugin<Context> {
  return {
    onExecute({ args, context, setResultAndStopExecution }) {
      const fault = faultOf(args, context);
      if (fault !== null) setResultAndStopExecution({ errors: [refusal(fault)] });
    },
    onSubscribe({ args, context, setResultAndStopExecution }) {
      const fault = faultOf(args, context);
      if (fault !== null) setResultAndStopExecution({ errors: [refusal(fault)] });
    },
  };
}

function measured({ schema, document, operationName }: Executed): Volume {
  const values = { list: 0, text: 0 };
  visit(document, {
    ListValue: (node) => {
      values.list = Math.max(values.list, node.values.length);
    },
    StringValue: (node) => {
      values.text = Math.max(values.text, node.value.length);
    },
  });
  return { ...answerSize(schema, document, operationName, mostFields), values };
}

// Without recursion: values may be nested deeper than the stack is.
function measure(values: unknown, longest: Longest): void {
  const left = [values];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string') longest.text = Math.max(longest.text, value.length);
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) longest.list = Math.max(longest.list, value.length);
    for (const item of Object.values(value)) left.push(item);
  }
}

function refusal(message: string): GraphQLError {
  const extensions = { code: 'BAD_USER_INPUT', retryable: false, http: { status: 400 } };
  return new GraphQLError(message, { extensions });
}
