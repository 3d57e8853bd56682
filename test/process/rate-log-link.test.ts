// The calls of several workers in the log of their primary, by a clock of the test.
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryRateLog } from '../../src/brokers/upstream/budget/rate-log/memory-rate-log.ts';
import { openRateLog } from '../../src/brokers/upstream/budget/rate-log/open-rate-log.ts';
import type { RateLog, Start } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { LinkedRateLog, RateLogHost } from '../../src/process/rate-log-link.ts';
import { freePorts } from '../support/processes/command.ts';

const limit = 5;
const isStart = (answer: Start | number): answer is Start => typeof answer !== 'number';

const time = { now: 0 };

/** A primary, and as many workers as are asked for, over messages that arrive at once. */
function link(workers: number, log: RateLog = createMemoryRateLog(limit, () => time.now)) {
  time.now = 0;
  const all = Array.from({ length: workers }, () => {
    const worker: LinkedRateLog = new LinkedRateLog(
      limit,
      (question) => void host.receive(question),
    );
    const host = new RateLogHost(log, (answer) => worker.receive(answer));
    return { worker, host };
  });
  return { time, workers: all };
}

/** Starts as many calls as the window has room for, each worker in turn. */
async function startAll(workers: readonly { readonly worker: LinkedRateLog }[]) {
  const answers = [];
  for (let turn = 0; turn < 2 * limit; turn += 1) {
    answers.push(await (workers[turn % workers.length] ?? workers[0])?.worker.start('app'));
  }
  return answers.filter((answer) => answer !== undefined).filter(isStart);
}

test('workers together start no more calls in a window than the limit', async () => {
  const { time, workers } = link(3);
  const starts = await startAll(workers);
  expect(starts).toHaveLength(limit);
  for (const start of starts) {
    start.sent();
    start.ended();
  }
  time.now = 1_000;
  expect(await startAll(workers)).toEqual([]);
  time.now = 1_006;
  expect(await startAll(workers)).toHaveLength(limit);
});

test('calls of a worker that died count as long as calls without an answer, and no longer', async () => {
  const { time, workers } = link(2);
  expect(await startAll(workers)).toHaveLength(limit);
  for (const { host } of workers) host.lose();
  time.now = 1_500;
  expect(await startAll(workers)).toEqual([]);
  time.now = 1_506;
  expect(await startAll(workers)).toHaveLength(limit);
});

test('what a broker closes for one worker is closed for all', async () => {
  const { time, workers } = link(2);
  workers[0]?.worker.close('app', 3_000);
  expect(await workers[1]?.worker.start('app')).toBe(3_000);
  expect(await workers[1]?.worker.usage('app')).toEqual({ used: 0, closedMilliseconds: 3_000 });
  time.now = 3_000;
  expect(await startAll(workers)).toHaveLength(limit);
});

test('a worker that dies while it waits for a start uses nothing of the limit', async () => {
  const { workers } = link(2);
  const asked = workers[0]?.host.receive({ rateLog: 'start', id: 1, apiKey: 'app' });
  workers[0]?.host.lose();
  await asked;
  time.now = 1_006;
  expect(await startAll(workers.slice(1))).toHaveLength(limit);
});

test('workers start nothing before their primary has reached Redis', async () => {
  const [port = 0] = await freePorts(1);
  const { log, close } = openRateLog({
    limit,
    redisUrl: `redis://127.0.0.1:${port}`,
    onReachable() {},
  });
  onTestFinished(close);
  expect(await startAll(link(3, log).workers)).toEqual([]);
});

test('a worker whose primary is gone starts nothing, and is not left waiting', async () => {
  const worker = new LinkedRateLog(limit, () => {});
  const asked = worker.start('app');
  worker.lose();
  expect([await asked, await worker.start('app')]).toEqual([1_000, 1_000]);
});
