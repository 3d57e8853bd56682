// Ten times what the gateway has room for, or a broker's app has calls, from many addresses, and a user of a browser
// beside them.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isLongFaults } from '../support/processes/environment.ts';
import { Visitor } from '../support/visitor.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { sendJson } from './gateways/sender.ts';
import { measure } from './report/measure.ts';

/** With a broker that answers after 500 ms, room for 20 accounts is room for 40 queries a second. */
const latency = 500;
const room = 20;
const perSecond = 10 * ((room * 1_000) / latency);
const seconds = isLongFaults ? 60 : 12;
const users = 900;

const percentile = (sorted: readonly number[], part: number) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);

/** A user of a browser who asks now and then, and how long each answer took, in milliseconds. */
async function loggedIn(origin: string, userId: string) {
  const browser = new Visitor(origin);
  await browser.logIn(`${origin}/login?app=simulator`, userId);
  const waits: number[] = [];
  /** Asks once: what is wrong with the answer, null for nothing. */
  async function user(): Promise<string | null> {
    const began = performance.now();
    const headers = { 'x-forwarded-for': '198.51.100.7' };
    const { status, text } = await browser.askRaw('{ account { user { email } } }', {}, headers);
    waits.push(performance.now() - began);
    return /"email":"/.test(text) ? null : `${status} ${text}`;
  }
  return { user, waits };
}

test('beyond the room of the gateway, queries are refused with 503 and Retry-After, the others are answered rightly, and a user of a browser is refused none', async () => {
  const simulator = await startSimulatorProcess({
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_LATENCY_MS: `${latency}`,
    SIMULATOR_ACCOUNTS: '1000',
  });
  const gateway = await startGateway({
    env: {
      ...brokerSettings(simulator),
      LIMIT_ACCOUNTS_AT_ONCE: `${room}`,
      LIMIT_KEEP_ALIVE_SECONDS: '75',
    },
  });
  const { user, waits } = await loggedIn(gateway.origin, 'SIM0999');
  for (let turn = 0; turn < 10; turn += 1) expect(await user()).toBe(null);
  const median = (of: readonly number[]) =>
    percentile(
      of.toSorted((a, b) => a - b),
      0.5,
    );
  const usual = median(waits.splice(0));

  const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
  const answers = new Map<string, number>();
  const refusals: number[] = [];
  const lost: string[] = [];
  const stranger = async (index: number) => {
    const userId = `SIM${String(1 + (index % users)).padStart(4, '0')}`;
    const headers = {
      authorization: `token simulator:${userId}-token`,
      'x-forwarded-for': `203.0.${Math.floor((index % 1_000) / 250)}.${index % 250}`,
    };
    const began = performance.now();
    const query = '{ account { user { userId email } } }';
    try {
      const {
        status,
        headers: sent,
        text,
      } = await sendJson(gateway.url, { query, headers }, agent);
      const isRight = status === 200 && text.includes(`"userId":"${userId}"`);
      const isRefused = status === 503 && Number(sent['retry-after']) >= 1;
      const answer = isRight
        ? '200, right'
        : isRefused
          ? '503 with Retry-After'
          : `${status} ${text}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (isRefused) refusals.push(performance.now() - began);
      else if (!isRight) lost.push(answer.slice(0, 200));
    } catch (error) {
      lost.push(String(error));
    }
  };
  await measure(
    {
      sent: `ten times overload: ${perSecond} queries a second for ${seconds} s from 1,000 addresses, with room for ${perSecond / 10}`,
      gateway,
      brokerPorts: [simulator.port],
      user,
    },
    async () => {
      const sending: Promise<void>[] = [];
      const began = performance.now();
      const all = perSecond * seconds;
      while (sending.length < all) {
        const due = Math.min(all, ((performance.now() - began) * perSecond) / 1_000);
        while (sending.length < due) sending.push(stranger(sending.length));
        await sleep(5);
      }
      await Promise.all(sending);
      agent.destroy();
      const fast = refusals.toSorted((a, b) => a - b);
      const times = `refusals after ${percentile(fast, 0.5)} ms (median), ${percentile(fast, 0.99)} ms (99 %)`;
      const own = `the user’s query ${median(waits)} ms (median; usually ${usual} ms)`;
      return { answers, lost, measured: [times, own] };
    },
  );
  expect(answers.get('200, right')).toBeGreaterThan(0);
  expect(answers.get('503 with Retry-After')).toBeGreaterThan(0);
});

test('beyond the calls of an app, queries that can have no turn are refused at once with RATE_LIMITED, the others are answered rightly, and a user of a browser waits for a window', async () => {
  const limit = 10;
  const all = 10 * limit * seconds;
  const simulator = await startSimulatorProcess({
    // On a busy machine calls arrive together that were sent apart.
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_ACCOUNTS: `${all + 1}`,
  });
  const gateway = await startGateway({
    env: {
      ...brokerSettings(simulator),
      KITE_RATE_LIMIT: `${limit}`,
      OPERATION_TIMEOUT_MS: '10000',
      LIMIT_KEEP_ALIVE_SECONDS: '75',
    },
  });
  const userId = (index: number) => `SIM${`${index + 1}`.padStart(4, '0')}`;
  const { user, waits } = await loggedIn(gateway.origin, userId(all));
  const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
  const answers = new Map<string, number>();
  const refusals: number[] = [];
  const lost: string[] = [];
  let waiting = 0;
  let mostWaiting = 0;
  const stranger = async (index: number) => {
    const headers = {
      authorization: `token simulator:${userId(index)}-token`,
      'x-forwarded-for': `203.0.${Math.floor((index % 1_000) / 250)}.${index % 250}`,
    };
    const query = '{ account { user { userId } } }';
    const began = performance.now();
    waiting += 1;
    mostWaiting = Math.max(mostWaiting, waiting);
    const { status, text } = await sendJson(gateway.url, { query, headers }, agent);
    waiting -= 1;
    const isRight = status === 200 && text.includes(`"userId":"${userId(index)}"`);
    const isRefused = status === 200 && /"code":"RATE_LIMITED".*"retryAfterSeconds":\d/.test(text);
    // A busy machine sends some in their last moment.
    const isLate = status === 200 && text.includes('"code":"UPSTREAM_TIMEOUT"');
    const answer = isRight
      ? '200, right'
      : isRefused
        ? '200 RATE_LIMITED'
        : isLate
          ? '200 UPSTREAM_TIMEOUT'
          : `${status} ${text}`;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (isRefused) refusals.push(performance.now() - began);
    else if (!isRight && !isLate) lost.push(answer.slice(0, 200));
  };
  await measure(
    {
      sent: `ten times overload of one app: ${10 * limit} queries a second for ${seconds} s from 1,000 addresses, with ${limit} calls a second and 10 s for each query`,
      gateway,
      brokerPorts: [simulator.port],
      user,
    },
    async () => {
      const sending: Promise<void>[] = [];
      const began = performance.now();
      while (sending.length < all) {
        const due = Math.min(all, ((performance.now() - began) * 10 * limit) / 1_000);
        while (sending.length < due) sending.push(stranger(sending.length));
        await sleep(5);
      }
      await Promise.all(sending);
      agent.destroy();
      const fast = refusals.toSorted((a, b) => a - b);
      const own = waits.toSorted((a, b) => a - b);
      const slow = fast.filter((milliseconds) => milliseconds > 1_000).length;
      const times = `refusals after ${percentile(fast, 0.5)} ms (median), ${percentile(fast, 0.9)} ms (90 %), ${slow} of them after more than a second`;
      const most = `at most ${mostWaiting} queries open`;
      return {
        answers,
        lost,
        measured: [times, most, `the user’s query ${percentile(own, 0.5)} ms (median)`],
      };
    },
  );
  expect(answers.get('200, right')).toBeGreaterThan(0);
  expect(answers.get('200 RATE_LIMITED')).toBeGreaterThan(0);
});
