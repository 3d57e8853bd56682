// How the values of scalars and enums are completed: the usual ones without a detour, all others by graphql-js.
import {
  GRAPHQL_MAX_INT,
  GRAPHQL_MIN_INT,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  type GraphQLLeafType,
  GraphQLString,
} from 'graphql';
import { Executor } from 'graphql/execution/Executor.js';

/** Whether a value of a type's is answered as it is. */
const asItIs = new Map<GraphQLLeafType, (value: unknown) => boolean>([
  [GraphQLString, (value) => typeof value === 'string'],
  [GraphQLID, (value) => typeof value === 'string'],
  [GraphQLBoolean, (value) => typeof value === 'boolean'],
  [GraphQLFloat, (value) => typeof value === 'number' && Number.isFinite(value)],
  [
    GraphQLInt,
    (value) =>
      Number.isInteger(value) &&
      (value as number) <= GRAPHQL_MAX_INT &&
      (value as number) >= GRAPHQL_MIN_INT,
  ],
]);

/** Makes the function that coerces values of a type, as graphql-js does. */
export function leafCoercion(type: GraphQLLeafType): (value: unknown) => unknown {
  const { completeLeafValue } = Executor.prototype;
  const coerce = (value: unknown) => completeLeafValue(type, value);
  const isAsItIs = asItIs.get(type);
  return isAsItIs === undefined ? coerce : (value) => (isAsItIs(value) ? value : coerce(value));
}
