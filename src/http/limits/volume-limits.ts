// Bounds on the values that an operation brings along and on how much would be answered. Whatever is named
// comes back, once for every field that names it, so that a small request could ask for gigabytes.
import { type DocumentNode, GraphQLError, type GraphQLSchema, visit } from 'graphql';
import type { Context } from '../../context.ts';
import type { Limits } from '../../limits.ts';
import { type AnswerFields, type AnswerList, answerFields, fieldCount } from './answer-size.ts';

interface Volume {
  readonly fields: AnswerFields;
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
  /** Why an operation may not be executed; null when it may. */
  readonly faultOf: (executed: Executed, context: Context) => GraphQLError | null;
}

/** Makes the bounds, which remember what they have measured of a document. */
export function createVolumeLimits(limits: Limits): VolumeLimits {
  const { listItems, textCharacters, answerFields: maxFields } = limits;
  const known = new WeakMap<DocumentNode, Map<string, Volume>>();
  const volumeOf = (executed: Executed) => {
    const { document, operationName } = executed;
    const ofDocument = known.get(document) ?? new Map<string, Volume>();
    known.set(document, ofDocument);
    const name = operationName ?? '';
    const volume = ofDocument.get(name) ?? volumeIn(executed, maxFields);
    ofDocument.set(name, volume);
    return volume;
  };

  const faultOf = (executed: Executed, context: Context): GraphQLError | null => {
    const { fields, values } = volumeOf(executed);
    const longest = measured(executed.variableValues, values);
    if (longest.list > listItems) {
      return refusal('BAD_USER_INPUT', `A list is too long: ${listItems} values are allowed.`);
    }
    if (longest.text > textCharacters) {
      const message = `A string is too long: ${textCharacters} characters are allowed.`;
      return refusal('BAD_USER_INPUT', message);
    }
    // Most documents ask for no list, and were counted once.
    if (fields.lists.size === 0 && fields.once <= maxFields) return null;
    const all = itemsIn(context, limits);
    const given = executed.variableValues as Readonly<Record<string, unknown>> | null | undefined;
    const itemsOf = ({ asked, type }: AnswerList) => itemsAsked(asked, given) ?? all[type] ?? 1;
    if (fieldCount(fields, itemsOf) <= maxFields) return null;
    return refusal(
      'TOO_LARGE',
      `The answer would be too large: ${maxFields} fields are allowed, those of all accounts together.`,
    );
  };
  return { faultOf };
}

function volumeIn({ schema, document, operationName }: Executed, most: number): Volume {
  const values = { list: 0, text: 0 };
  visit(document, {
    ListValue: (node) => {
      values.list = Math.max(values.list, node.values.length);
    },
    StringValue: (node) => {
      values.text = Math.max(values.text, node.value.length);
    },
  });
  return { fields: answerFields(schema, document, operationName, most), values };
}

/** How many items a list has that names none, by their type. Lists of introspection have bounds of their own. */
function itemsIn(
  { accounts, keyring, apps }: Context,
  { sessionDevices }: Limits,
): Readonly<Record<string, number>> {
  const sessions = keyring.sessions.length;
  const reached = Math.max(accounts.length, sessions);
  return {
    Account: reached,
    AccountFailure: reached,
    App: apps.listed.length,
    Session: sessions,
    SessionDevice: sessionDevices,
  };
}

/** How many items are asked for; null where all are. */
function itemsAsked(
  asked: AnswerList['asked'],
  given: Readonly<Record<string, unknown>> | null | undefined,
): number | null {
  if (asked === null || typeof asked === 'number') return asked;
  const value = given?.[asked.variable];
  if (value === undefined) return asked.default;
  if (value === null) return null;
  return Array.isArray(value) ? value.length : 1;
}

/** The longest of a document and of variables. Without recursion: values may be nested deeper than the stack is. */
function measured(variables: unknown, ofDocument: Longest): Longest {
  if (variables == null) return ofDocument;
  const longest = { ...ofDocument };
  const left = [variables];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string') longest.text = Math.max(longest.text, value.length);
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) longest.list = Math.max(longest.list, value.length);
    for (const item of Object.values(value)) left.push(item);
  }
  return longest;
}

function refusal(code: 'BAD_USER_INPUT' | 'TOO_LARGE', message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code, retryable: false, http: { status: 400 } },
  });
}
