// Where an object or a list stands in an answer that is being made, and whether anything in it is still awaited.
import type { GraphQLResolveInfo } from 'graphql';

/** The path of a field, as resolvers get it. */
export type Path = GraphQLResolveInfo['path'];

/** What holds completed values: an object of the answer by response names, or a list by indexes. */
export type Holder = Record<string | number, unknown>;

/** Where a value goes: the place around it, what holds it there, and its key. */
export interface Slot {
  /** Null for the root of the answer alone. */
  readonly parent: Place | null;
  readonly holder: Holder;
  readonly key: string | number;
}

/** The place of an object or a list. It is the path to it, as well. */
export class Place implements Path, Slot {
  readonly key: string | number;
  readonly typename: string | undefined;
  /** The place of the object or the list around it; null for the root of the answer. */
  readonly parent: Place | null;
  /** Into which its value is written, at its key. */
  readonly holder: Holder;
  readonly isNonNull: boolean;
  /** An error has made it null. What is below it changes the answer no more. */
  isNulled = false;
  /** Values directly in it that are awaited, and places directly in it that have some. */
  pending = 0;

  constructor(
    parent: Place | null,
    key: string | number,
    typename: string | undefined,
    holder: Holder,
    isNonNull: boolean,
  ) {
    this.key = key;
    this.typename = typename;
    this.parent = parent;
    this.holder = holder;
    this.isNonNull = isNonNull;
  }

  /** The path around it. Fields at the root have a path of one key. */
  get prev(): Path | undefined {
    return this.parent === null || this.parent.parent === null ? undefined : this.parent;
  }

  /** Whether it, or a place around it, is nulled. */
  get isOut(): boolean {
    for (let at: Place | null = this; at !== null; at = at.parent) if (at.isNulled) return true;
    return false;
  }
}

/** Counts one more awaited value in a place, and the place in those around it. */
export function retain(place: Place): void {
  for (let at: Place | null = place; at !== null; at = at.parent) {
    at.pending += 1;
    if (at.pending > 1 || at.isNulled) return;
  }
}

/** Counts one less. @returns whether nothing in the whole answer is awaited any more. */
export function release(place: Place): boolean {
  for (let at: Place | null = place; at !== null; at = at.parent) {
    at.pending -= 1;
    if (at.pending > 0 || at.isNulled) return false;
  }
  return true;
}

/** Marks a place as null: the answer waits for nothing in it any more. @returns as {@link release}. */
export function nullify(place: Place): boolean {
  if (place.isNulled) return false;
  place.isNulled = true;
  return place.pending > 0 && place.parent !== null && release(place.parent);
}
