// Operations that arrive together begin in turns, callers first, and let the event loop go on between them.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ExecutionTurns } from '../../src/http/limits/execution-turns.ts';

test('operations begin at once while the turn of the event loop has time', () => {
  const turns = new ExecutionTurns(10, () => 0);
  const given = Array.from({ length: 100 }, () => turns.take('one'));
  expect(given.every((each) => each === undefined)).toBe(true);
});

test('once its time is used, one operation begins in each turn of the loop, and callers alternate', async () => {
  let now = 0;
  const turns = new ExecutionTurns(10, () => now);
  const order: string[] = [];
  const begin = async (caller: string, name: string) => {
    const turn = turns.take(caller);
    if (turn !== undefined) await turn;
    order.push(name);
    now += 300;
  };
  const all = ['s1', 's2', 's3', 's4'].map((name) => begin('stranger', name));
  all.push(begin('user', 'u1'));
  let turnsOfLoop = 0;
  let isOver = false;
  const others = (async () => {
    while (!isOver) {
      await nextTurn();
      turnsOfLoop += 1;
    }
  })();
  await Promise.all(all);
  isOver = true;
  await others;
  expect(order.indexOf('u1')).toBeLessThan(order.indexOf('s4'));
  expect(turnsOfLoop).toBeGreaterThanOrEqual(3);
  await nextTurn();
  await nextTurn();
  expect(turns.take('stranger')).toBe(undefined);
});
