// Completes the lists of an answer that a plan makes: items may be promised, and come from any iterable.
import { GraphQLError, locatedError, responsePathAsArray } from 'graphql';
import { type Holder, Place } from './place.ts';
import type { ListShape, PlannedField, Shape } from './plan.ts';
import { type Complete, isPromiseLike, letGo, type Run } from './run.ts';

/**
 * Completes a list, each item as `complete` does.
 * @throws what makes the list null.
 */
export function completeList(
  run: Run,
  field: PlannedField,
  shape: ListShape,
  place: Place,
  value: unknown,
  complete: Complete,
): unknown {
  if (typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function') {
    const items = collect(run, field, shape, place, value as AsyncIterable<unknown>, complete);
    return run.awaitAt(field, shape, place, items, (completed) => completed);
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
      completeItem(run, field, shape.item, place, items, next.value, complete);
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
  complete: Complete,
): void {
  const key = items.length;
  const holder = items as unknown as Holder;
  const place =
    shape.kind === 'leaf' ? null : new Place(around, key, undefined, holder, shape.isNonNull);
  items.push(null);
  try {
    if (isPromiseLike(item)) {
      run.await(field, shape, place ?? { parent: around, holder, key }, item, complete);
    } else {
      items[key] = complete(run, field, shape, place, item);
    }
  } catch (error) {
    run.failAt(field, shape, place ?? { parent: around, holder, key }, error);
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
  complete: Complete,
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
      if (run.isDone) throw new Error('The list was cancelled');
      completeItem(run, field, item, place, items, next.value, complete);
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
