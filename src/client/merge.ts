// Puts deferred fragments where they belong, in new objects, so that a view notices what has changed.
import type { Fragment } from './payloads.ts';

/** The data with a fragment at its place. The objects on the way are new, all others are shared. */
export function mergeFragment(data: unknown, { path, data: added }: Fragment, depth = 0): unknown {
  const key = path[depth];
  if (key === undefined) return merge(data, added);
  if (!isContainer(data)) return data;
  const copy = copyOf(data);
  copy[key] = mergeFragment(copy[key], { path, data: added }, depth + 1);
  return copy;
}

function merge(target: unknown, added: unknown): unknown {
  if (!isContainer(target) || !isContainer(added)) return added ?? target;
  const copy = copyOf(target);
  for (const [key, value] of Object.entries(added)) {
    copy[key] = key in copy ? merge(copy[key], value) : value;
  }
  return copy;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function copyOf(value: object): Record<string | number, unknown> {
  return (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>;
}
