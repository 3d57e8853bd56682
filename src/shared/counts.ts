// Counts by key, of which nothing stays behind at zero.

/** Adds to a count, which is dropped at zero. */
export function addTo<K>(counts: Map<K, number>, key: K, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
