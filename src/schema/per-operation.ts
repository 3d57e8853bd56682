// What fields make once for an operation, however many fields and aliases ask for it.
import type { Context } from '../context.ts';

/** Gives all who ask in an operation the same thing, which `make` makes for the first; it goes with the context. */
export function perOperation<Value extends object>(
  make: (context: Context) => Value,
): (context: Context) => Value {
  const known = new WeakMap<Context, Value>();
  return (context) => {
    const value = known.get(context) ?? make(context);
    known.set(context, value);
    return value;
  };
}
