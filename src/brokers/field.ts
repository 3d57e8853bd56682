// Readers for single values of a broker's JSON: lenient about what is missing, strict about what is wrong.

/** Stands in a parsed answer where the broker sent a value of the wrong type. */
export const malformed = Symbol('malformed');

/** A value as the broker sent it, or the mark that what it sent made no sense. */
export type Field<T> = T | typeof malformed;

/** Whether a JSON value is an object, and neither an array nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string; null where it is missing or null. */
export function text(value: unknown): Field<string | null> {
  return value == null ? null : typeof value === 'string' ? value : malformed;
}

/** A string that must be there and not be empty. */
export function requiredText(value: unknown): Field<string> {
  return typeof value === 'string' && value !== '' ? value : malformed;
}

/** A list of strings; null where it is missing or null. */
export function texts(value: unknown): Field<readonly string[] | null> {
  if (value == null) return null;
  const isListOfText = Array.isArray(value) && value.every(isText);
  return isListOfText ? value : malformed;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A float64 of rupees, untouched but for -0, which becomes 0; null where it is missing or null. */
export function amount(value: unknown): Field<number | null> {
  return value == null ? null : requiredAmount(value);
}

/** A float64 of rupees that must be there: missing is not zero. */
export function requiredAmount(value: unknown): Field<number> {
  // 1e999 is valid JSON and parses to Infinity, which is not an amount. Adding 0 turns -0 into 0.
  return typeof value === 'number' && Number.isFinite(value) ? value + 0 : malformed;
}

/** A boolean that must be there. */
export function requiredFlag(value: unknown): Field<boolean> {
  return typeof value === 'boolean' ? value : malformed;
}

/** Whether everything in a parsed answer makes sense. */
export function isWhole(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isWhole);
  if (!isRecord(value)) return value !== malformed;
  for (const name in value) if (!isWhole(value[name])) return false;
  return true;
}
