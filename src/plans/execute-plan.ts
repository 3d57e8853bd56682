// Executes an operation by its plan: the same answer that graphql-js makes of it, with a promise only where a resolver
// returns one.
//
// What fails at once is thrown, up to the nearest value around it that may be null. What fails later goes up through
// the places.
import {
  type ExecutionResult,
  GraphQLError,
  type GraphQLResolveInfo,
  locatedError,
  responsePathAsArray,
  type ValidatedExecutionArgs,
} from 'graphql';
import { Executor } from 'graphql/execution/Executor.js';
import { type Holder, type Path, Place } from './place.ts';
import type { AbstractShape, ListShape, Plan, PlannedField, PlannedObject, Shape } from './plan.ts';
import { type Complete, isPromiseLike, letGo, pathBelow, Run } from './run.ts';

/**
 * Executes an operation by its plan.
 * @returns the result, at once where no resolver returns a promise.
 */
export function executePlan(
  { root }: Plan,
  operation: ValidatedExecutionArgs,
): Promise<ExecutionResult> | ExecutionResult {
  const run = new Run(operation);
  return run.start(() => executeFields(run, root, run.root, operation.rootValue));
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
  for (const field of fields) {
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
      run.await(field, shape, { around, holder, key }, place, value, complete);
    } else {
      holder[key] = complete(run, field, shape, place, value);
    }
  } catch (error) {
    run.failAt(field, shape, { around, holder, key }, place, error);
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
  return run.infoOf(field, place ?? pathBelow(around, field.key, field));
}

const complete: Complete = (run, field, shape, place, value) => {
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
  // Each value that is no leaf has one.
  const at = place as Place;
  if (shape.kind === 'object') return completeObject(run, field, shape, shape.object, at, value);
  if (shape.kind === 'list') return completeList(run, field, shape, at, value);
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
  const { type } = object;
  if (type.isTypeOf === undefined || type.isTypeOf === null) {
    return executeFields(run, object, place, value);
  }
  const completeIf = (isOfType: unknown) => {
    if (isOfType) return executeFields(run, object, place, value);
    throw Executor.prototype.invalidReturnTypeError(type, value, field.details);
  };
  const isOfType = type.isTypeOf(value, run.context, fieldInfo(run, field, place));
  if (!isPromiseLike(isOfType)) return completeIf(isOfType);
  return awaitAt(run, field, shape, place, isOfType, completeIf);
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
  return awaitAt(run, field, shape, place, name, completeAs);
}

/** Completes a value of a place once something is known about it. */
function awaitAt(
  run: Run,
  field: PlannedField,
  shape: Shape,
  place: Place,
  promised: PromiseLike<unknown>,
  completeWith: (known: unknown) => unknown,
): null {
  const { holder, key } = place;
  const slot = { around: place.parent as Place, holder, key };
  return run.await(field, shape, slot, place, promised, (_run, _field, _shape, _place, known) =>
    completeWith(known),
  );
}

/** What is told of a field about a value that may be an item of its list. */
function fieldInfo(run: Run, field: PlannedField, place: Place): GraphQLResolveInfo {
  let path: Path = place;
  while (typeof path.key === 'number' && path.prev !== undefined) path = path.prev;
  return run.infoOf(field, path);
}

function completeList(
  run: Run,
  field: PlannedField,
  shape: ListShape,
  place: Place,
  value: unknown,
): unknown {
  if (typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function') {
    const items = collect(run, field, shape, place, value as AsyncIterable<unknown>);
    return awaitAt(run, field, shape, place, items, (completed) => completed);
  }
  if (
    typeof value !== 'object' ||
    typeof (value as Iterable<unknown>)[Symbol.iterator] !== 'function'
  ) {
    throw new GraphQLError(
      `Expected Iterable, but did not find one for field "${field.parentType}.${field.name}".`,
    );
  }
  const items: unknown[] = [];
  const iterator = (value as Iterable<unknown>)[Symbol.iterator]();
  try {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      completeItem(run, field, shape.item, place, items, next.value);
    }
  } catch (error) {
    letGo(remaining(iterator));
    throw error;
  }
  return items;
}

function completeItem(
  run: Run,
  field: PlannedField,
  shape: Shape,
  around: Place,
  items: unknown[],
  item: unknown,
): void {
  const key = items.length;
  const holder = items as unknown as Holder;
  const place =
    shape.kind === 'leaf' ? null : new Place(around, key, undefined, holder, shape.isNonNull);
  items.push(null);
  try {
    if (isPromiseLike(item)) {
      run.await(field, shape, { around, holder, key }, place, item, complete);
    } else {
      items[key] = complete(run, field, shape, place, item);
    }
  } catch (error) {
    run.failAt(field, shape, { around, holder, key }, place, error);
  }
}

/** What an iterator would still give, up to where it fails. */
function* remaining(iterator: Iterator<unknown>): Generator<unknown> {
  try {
    for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value;
  } catch {
    // Whatever failed before is told.
  }
}

async function collect(
  run: Run,
  field: PlannedField,
  { item }: ListShape,
  place: Place,
  iterable: AsyncIterable<unknown>,
): Promise<unknown[]> {
  const items: unknown[] = [];
  const iterator = iterable[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await iterator.next();
      } catch (error) {
        throw locatedError(error, field.nodes, responsePathAsArray(place));
      }
      if (next.done) return items;
      if (run.isDone) throw new Error('Nobody waits for the list any more');
      completeItem(run, field, item, place, items, next.value);
    }
  } catch (error) {
    void close(iterator);
    throw error;
  }
}

async function close(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Whatever failed before is told.
  }
}
