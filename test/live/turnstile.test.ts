// The turnstile before the rate budget: one at a time for each app, first values first.
import { expect, test } from 'vitest';
import { Turnstile } from '../../src/live/turnstile.ts';

/** Enters under a name, and notes in `inside` when it has its turn. */
function visitor(turnstile: Turnstile, inside: string[], app: string) {
  return (name: string, isFirst = false) => {
    const { turn, leave } = turnstile.enter(app, isFirst);
    void turn.then(() => inside.push(name));
    return leave;
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('one is let in at a time; who has no value yet goes first, each in the order of coming', async () => {
  const inside: string[] = [];
  const enter = visitor(new Turnstile(), inside, 'app');
  const leaving = [enter('a'), enter('b'), enter('c', true), enter('d', true), enter('e')];
  await settled();
  expect(inside).toEqual(['a']);
  for (const index of [0, 2, 3, 1, 4]) {
    leaving[index]?.();
    // Twice is once.
    leaving[index]?.();
    await settled();
  }
  expect(inside).toEqual(['a', 'c', 'd', 'b', 'e']);
});

test('who leaves the line lets nobody in, and is waited for by nobody', async () => {
  const inside: string[] = [];
  const enter = visitor(new Turnstile(), inside, 'app');
  const [first, second] = [enter('a'), enter('b')];
  enter('c');
  second();
  await settled();
  // Its turn resolves, so that nothing waits for ever.
  expect(inside).toEqual(['a', 'b']);
  first();
  await settled();
  expect(inside).toEqual(['a', 'b', 'c']);
});

test('apps do not wait for each other, and one that was idle begins anew', async () => {
  const inside: string[] = [];
  const turnstile = new Turnstile();
  const one = visitor(turnstile, inside, 'one');
  const leave = one('a');
  visitor(turnstile, inside, 'two')('b');
  await settled();
  expect(inside).toEqual(['a', 'b']);
  leave();
  one('c');
  await settled();
  expect(inside).toEqual(['a', 'b', 'c']);
});
