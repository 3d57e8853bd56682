// Operations that arrive together begin in turns, callers first, and let the event loop go on between them.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ExecutionTurns } from '../../src/http/limits/admission.ts';
import { startWorld, tokens } from '../support/world.ts';

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

test('new documents are validated in turns: another caller does not wait for all of them', async () => {
  const world = await startWorld({
    trustProxy: true,
    limits: { executionTurnMilliseconds: 1 },
  });
  const { port, hostname } = new URL(world.url);
  const open = async (address: string) => {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return async (operation: object, expected: string) => {
      const body = JSON.stringify(operation);
      const lines = [
        'POST /graphql HTTP/1.1',
        'Host: localhost',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        `Authorization: ${tokens('SIM0001')}`,
        `X-Forwarded-For: ${address}`,
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toContain(expected);
    };
  };
  const known = [{ query: '{ account { id } }' }, '{"data":{"account":{"id":'] as const;
  const strangers = await Promise.all(Array.from({ length: 60 }, () => open('192.0.2.2')));
  const user = await open('192.0.2.1');
  await Promise.all([...strangers, user].map((ask) => ask(...known)));
  let answered = 0;
  const all = strangers.map(async (ask, index) => {
    const query = `query New${index} { account { id ${'margins { id } '.repeat(200)} } }`;
    // Answered as soon as its document is validated: it has no such operation.
    await ask({ query, operationName: 'Other' }, 'BAD_USER_INPUT');
    answered += 1;
  });
  await user(...known);
  const before = answered;
  await Promise.all(all);
  expect(before).toBeLessThan(strangers.length / 2);
});
