// Executes an operation by its plan: the same answer that graphql-js makes of it, with a promise only where a resolver
// returns one.
//
// What fails at once is thrown, up to the nearest value around it that may be null. What fails later goes up through
// the places. The functions that coerce scalars, which plans hold, are made here too.
import {
  type ExecutionResult,
  GRAPHQL_MAX_INT,
  GRAPHQL_MIN_INT,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  type GraphQLLeafType,
  type GraphQLResolveInfo,
  GraphQLString,
  type ValidatedExecutionArgs,
} from 'graphql';
import { Executor } from 'graphql/execution/Executor.js';
import { completeList } from './lists.ts';
import { type Holder, type Path, Place } from './place.ts';
import type { AbstractShape, Plan, PlannedField, PlannedObject, Shape } from './plan.ts';
import { type Complete, Info, isPromiseLike, pathBelow, Run } from './run.ts';

/**
 * Executes an operation by its plan.
 * @returns the result, at once where no resolver returns a promise.
 */
export function executePlan(
  { root }: Plan,
  operation: ValidatedExecutionArgs,
): Promise<ExecutionResult> | ExecutionResult {
  const run = new Run(operation);
  return run.start(root, executeFields);
}

function executeFields(
  run: Run,
  { fields, hasReservedName }: PlannedObject,
  around: Place,
  source: unknown,
): Holder {
  const holder: Holder = hasReservedName ? Object.create(null) : {};
  // An error at the root would take the other fields there with it.
  const isCounted = around.parent !== null;
  // By index, since an iterator makes an object for each field.
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] as PlannedField;
    if (isCounted) run.answer.countField(field.key);
    executeField(run, field, around, holder, source);
  }
  return holder;
}

function executeField(
  run: Run,
  field: PlannedField,
  around: Place,
  holder: Holder,
  source: unknown,
): void {
  const { key, shape, typename } = field;
  const place =
    shape.kind === 'leaf' ? null : new Place(around, key, typename, holder, shape.isNonNull);
  try {
    const value = resolve(run, field, around, place, source);
    if (isPromiseLike(value)) {
      // Keeps the order of the names.
      holder[key] = null;
      run.await(field, shape, place ?? { parent: around, holder, key }, value, complete);
    } else {
      holder[key] = complete(run, field, shape, place, value);
    }
  } catch (error) {
    run.failAt(field, shape, place ?? { parent: around, holder, key }, error);
  }
}

function resolve(
  run: Run,
  field: PlannedField,
  around: Place,
  place: Place | null,
  source: unknown,
): unknown {
  if (field.isTypename) return field.typename;
  const given = run.argumentsOf(field);
  if (field.resolve !== undefined) {
    return field.resolve(source, given, run.context, infoAt(run, field, around, place));
  }
  if (source === null || (typeof source !== 'object' && typeof source !== 'function')) return;
  const properties = source as Record<string, unknown>;
  const value = properties[field.name];
  if (typeof value !== 'function') return value;
  const info = infoAt(run, field, around, place);
  return (properties as Record<string, typeof value>)[field.name]?.(given, run.context, info);
}

function infoAt(
  run: Run,
  field: PlannedField,
  around: Place,
  place: Place | null,
): GraphQLResolveInfo {
  return new Info(run, field, place ?? pathBelow(around, field.key, field));
}

const complete: Complete = (run, field, shape, slot, value) => {
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) {
    if (!shape.isNonNull) return null;
    throw new Error(`Cannot return null for non-nullable field ${field.parentType}.${field.name}.`);
  }
  if (shape.kind === 'leaf') {
    const coerced = shape.coerce(value);
    run.answer.countValue(coerced);
    return coerced;
  }
  // Each value that is not a leaf has one.
  const at = slot as Place;
  if (shape.kind === 'object') return completeObject(run, field, shape, shape.object, at, value);
  if (shape.kind === 'list') return completeList(run, field, shape, at, value, complete);
  return completeAbstract(run, field, shape, at, value);
};

function completeObject(
  run: Run,
  field: PlannedField,
  shape: Shape,
  object: PlannedObject,
  place: Place,
  value: unknown,
): unknown {
  // Here and not below: the closures there would cost every object something.
  if (object.type.isTypeOf == null) return executeFields(run, object, place, value);
  return completeCheckedObject(run, field, shape, object, place, value);
}

/** Completes an object of a type that says whether a value is of it. */
function completeCheckedObject(
  run: Run,
  field: PlannedField,
  shape: Shape,
  object: PlannedObject,
  place: Place,
  value: unknown,
): unknown {
  const { type } = object;
  const completeIf = (isOfType: unknown) => {
    if (isOfType) return executeFields(run, object, place, value);
    throw Executor.prototype.invalidReturnTypeError(type, value, field.details);
  };
  const isOfType = type.isTypeOf?.(value, run.context, fieldInfo(run, field, place));
  if (!isPromiseLike(isOfType)) return completeIf(isOfType);
  return run.awaitAt(field, shape, place, isOfType, completeIf);
}

function completeAbstract(
  run: Run,
  field: PlannedField,
  shape: AbstractShape,
  place: Place,
  value: unknown,
): unknown {
  const { type, objects } = shape;
  const info = fieldInfo(run, field, place);
  const completeAs = (name: unknown) => {
    const object =
      objects.get(name as string) ??
      // Throws, for there is an object for every type that it can be.
      objects.get(
        Executor.prototype.ensureValidRuntimeType(
          name,
          run.operation.schema,
          type,
          field.details,
          info,
          value,
        ).name,
      );
    return completeObject(run, field, shape, object as PlannedObject, place, value);
  };
  const resolveType = type.resolveType ?? run.operation.typeResolver;
  const name = resolveType(value, run.context, info, type);
  if (!isPromiseLike(name)) return completeAs(name);
  return run.awaitAt(field, shape, place, name, completeAs);
}

/** What is told of a field about a value that may be an item of its list. */
function fieldInfo(run: Run, field: PlannedField, place: Place): GraphQLResolveInfo {
  let path: Path = place;
  while (typeof path.key === 'number' && path.prev !== undefined) path = path.prev;
  return new Info(run, field, path);
}

/** For each built-in scalar: whether a value is answered unchanged. */
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
