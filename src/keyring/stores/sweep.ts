// Clears a map of what has expired, a few entries at a time, so that no single call pays for all.

const entriesPerSweep = 20;

/**
 * A function that looks at the next few entries of a map and drops those that are over; it begins again at the
 * end. Called with every write it looks at more entries than are added, which bounds the map.
 */
export function createSweep<Key, Value>(
  map: Map<Key, Value>,
): (isOver: (value: Value) => boolean) => void {
  let entries = map.entries();
  return (isOver) => {
    for (let looked = 0; looked < entriesPerSweep; looked += 1) {
      const next = entries.next();
      if (next.done) {
        entries = map.entries();
        return;
      }
      const [key, value] = next.value;
      if (isOver(value)) map.delete(key);
    }
  };
}
