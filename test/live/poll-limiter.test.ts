// The limiter before the rate budget: one poll at a time for each caller and app, and watches take turns.
import { expect, test } from 'vitest';
import { PollLimiter } from '../../src/live/poll-limiter.ts';

/** Enters under a name, and notes in `inside` when it has its turn. */
function watcher(limiter: PollLimiter, inside: string[], app: string, callerId = 'caller') {
  const watchId = Symbol('watch');
  return (name: string, isFirst = false) => {
    const { turn, leave } = limiter.enter({ app, callerId, watchId }, isFirst);
    void turn.then(() => inside.push(name));
    return leave;
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('one poll starts at a time; first polls go first, each group in order of arrival', async () => {
  const inside: string[] = [];
  const enter = watcher(new PollLimiter(), inside, 'app');
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

test('a cancelled poll leaves the queue without a permit and delays no other', async () => {
  const inside: string[] = [];
  const enter = watcher(new PollLimiter(), inside, 'app');
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

test('apps and callers do not wait for each other, and one that was idle begins anew', async () => {
  const inside: string[] = [];
  const limiter = new PollLimiter();
  const one = watcher(limiter, inside, 'one');
  const leave = one('a');
  watcher(limiter, inside, 'two')('b');
  watcher(limiter, inside, 'one', 'other caller')('c');
  await settled();
  expect(inside).toEqual(['a', 'b', 'c']);
  leave();
  one('d');
  await settled();
  expect(inside).toEqual(['a', 'b', 'c', 'd']);
});

test('watches of one caller take turns: new ones starve none that has its values', async () => {
  const inside: string[] = [];
  const limiter = new PollLimiter();
  const leave = new Map<string, () => void>();
  const old = watcher(limiter, inside, 'app');
  for (const crowd of ['one', 'two']) {
    const enter = watcher(limiter, inside, 'app');
    for (let n = 0; n < 950; n += 1) leave.set(`${crowd} ${n}`, enter(`${crowd} ${n}`, true));
  }
  leave.set('old', old('old'));
  leave.set('new', watcher(limiter, inside, 'app')('new', true));
  for (let turn = 0; turn < 5; turn += 1) {
    await settled();
    leave.get(inside.at(-1) ?? '')?.();
  }
  expect(inside).toContain('old');
  expect(inside).toContain('new');
});
