// Loaded into a gateway before it starts: shifts its time of day by what a file says, as a wrong time server would. The
// clock that never jumps goes on.
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const Real = Date;
const looksEvery = 20;
let shift = 0;
let lookedAt = Number.NEGATIVE_INFINITY;

function now(): number {
  const elapsed = performance.now();
  if (elapsed - lookedAt > looksEvery) {
    lookedAt = elapsed;
    shift = Number(readFileSync(file, 'utf8'));
  }
  return Real.now() + shift;
}

globalThis.Date = new Proxy(Real, {
  construct: (target, values, made) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, made),
  apply: () => new Real(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
