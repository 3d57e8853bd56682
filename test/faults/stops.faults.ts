// A gateway that is stopped or killed with logins, logouts, queries, parts and streams in flight.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEvents } from '../support/follower.ts';
import { allOf, askInParts } from '../support/parts.ts';
import { emptyFolder, freePorts } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';
import { askAs, browsersOf, leftOver, logIn, userIds } from './gateways/browsers.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { counted, told } from './report/measure.ts';
import { note } from './report/note.ts';
import { handlesOf, memoryOf } from './report/usage.ts';

/** How many of each kind are in flight. */
const each = 5;

async function startWorld() {
  const simulator = await startSimulatorProcess({
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_ACCOUNTS: '1000',
  });
  const [port = 0] = await freePorts(1);
  const env = {
    ...brokerSettings(simulator),
    KEYRING_STORE: `sqlite:${join(emptyFolder(), 'keyrings')}`,
    KEYRING_KEYS: randomBytes(32).toString('base64'),
    LIMIT_REVOCATION_SWEEP_SECONDS: '1',
    LIMIT_REVOCATION_CLAIM_SECONDS: '1',
  };
  return { simulator, start: () => startGateway({ port, env }) };
}

/** What becomes of each kind, as counts of outcomes. */
async function stop(signal: 'SIGTERM' | 'SIGKILL') {
  const { simulator, start } = await startWorld();
  const gateway = await start();
  const world = { simulator, gateway };
  const { origin, url } = gateway;
  const staying = await browsersOf(world, userIds(each, 101));
  const leaving = await browsersOf(world, userIds(each, 201));
  const coming = userIds(each, 301).map((userId) => ({ userId, visitor: new Visitor(origin) }));
  const memoryBefore = memoryOf(gateway.pid);
  const handlesBefore = handlesOf(gateway.pid, [simulator.port]).own;

  const tokens = userIds(each, 401).map((userId) => `token simulator:${userId}-token`);
  const defer = '{ account { id ... @defer { user { email } } } }';
  const live = 'subscription { marginsChanged { account { id } } }';
  const streams = await Promise.all(
    tokens.map(async (authorization) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
        body: JSON.stringify({ query: live }),
      });
      const events = readEvents(response, () => undefined);
      await events.next();
      return events;
    }),
  );
  const callbacks = await Promise.all(
    coming.map(({ userId, visitor }) =>
      visitor.logInAtKite(`${origin}/login?app=simulator`, userId),
    ),
  );
  await simulator.fault({ kind: 'delay', delayMilliseconds: 1_500 });
  const callsBefore = (await simulator.calls()).length;
  const outcome = (work: Promise<string>) => work.catch(() => 'cut off');
  const logins = coming.map(({ visitor }, index) =>
    outcome(
      visitor
        .visit(callbacks[index] ?? '')
        .then(({ status, location }) =>
          status === 303 && !/error=/.test(location ?? '') ? 'OK' : `${status} ${location}`,
        ),
    ),
  );
  const logouts = leaving.map(({ visitor }) =>
    outcome(
      visitor
        .askRaw('mutation { logout { loggedOut failures { error { code } } } }')
        .then(({ text }) => /"code":"(\w+)"/.exec(text)?.[1] ?? 'OK'),
    ),
  );
  const queries = staying.map((browser) => outcome(askAs(browser)));
  const parts = tokens.map((authorization) =>
    outcome(
      askInParts(url, defer, { authorization }).then(async (answer) => {
        const all = await allOf(answer.parts);
        return all.at(-1)?.hasNext === false ? 'OK' : 'cut off';
      }),
    ),
  );
  // All of them wait for the broker.
  const inFlight = async () => (await simulator.calls()).length - callsBefore;
  await expect.poll(inFlight, { timeout: 10_000 }).toBeGreaterThanOrEqual(4 * each);
  gateway.process.kill(signal);
  const ended = await gateway.ended;
  const ends = streams.map((stream) =>
    outcome(stream.next().then((event) => (event === null ? 'OK' : 'one more'))),
  );
  const all = {
    login: await Promise.all(logins),
    logout: await Promise.all(logouts),
    query: await Promise.all(queries),
    parts: await Promise.all(parts),
    stream: await Promise.all(ends),
  };
  await simulator.clearFaults();

  const again = await start();
  const lost: string[] = [];
  for (const browser of staying) {
    const found = await askAs(browser);
    if (found !== 'OK') lost.push(`the session of ${browser.userId}: ${found}`);
  }
  const cameIn = coming.filter((_, index) => all.login[index] === 'OK');
  for (const browser of cameIn) {
    const found = await askAs(browser);
    if (found !== 'OK') lost.push(`the login of ${browser.userId}: ${found}`);
  }
  const answers = counted(
    Object.entries(all).flatMap(([kind, outcomes]) => outcomes.map((each) => `${kind} ${each}`)),
  );
  return {
    simulator,
    again,
    ended,
    all,
    answers,
    lost,
    staying,
    leaving,
    coming,
    cameIn,
    memoryBefore,
    handlesBefore,
  };
}

function noteStop(signal: string, stopped: Awaited<ReturnType<typeof stop>>, calls: number) {
  const { again, answers, lost, memoryBefore, handlesBefore, simulator } = stopped;
  const handles = handlesOf(again.pid, [simulator.port]);
  note({
    sent: `${signal} with ${each} each of logins, logouts, queries, answers in parts and streams in flight; started again`,
    answered: told(answers),
    lost,
    brokerCalls: calls,
    cpuMilliseconds: 0,
    peakMegabytes: memoryBefore,
    user: null,
    memory: { before: memoryBefore, after: memoryOf(again.pid) },
    handles: { before: handlesBefore, after: handles.own },
    toBrokers: handles.toBrokers,
  });
  expect(lost).toEqual([]);
}

test('a stop completes logins, logouts, queries and parts in flight, ends streams, and loses no session', async () => {
  const stopped = await stop('SIGTERM');
  const { all, ended, simulator, again, staying, coming } = stopped;
  expect(ended).toMatchObject({ code: 0, signal: null });
  for (const kind of ['login', 'logout', 'query', 'parts'] as const) {
    expect([kind, all[kind]]).toEqual([kind, Array(each).fill('OK')]);
  }
  const left = () => leftOver({ simulator, gateway: again }, [...staying, ...coming]);
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  noteStop('SIGTERM', stopped, (await simulator.calls()).length);
});

test('after a kill, every session that was answered is there, logouts in flight end at the broker, and a login can be repeated', async () => {
  const stopped = await stop('SIGKILL');
  const { simulator, again, staying, leaving, coming, cameIn } = stopped;
  const world = { simulator, gateway: again };
  // A logout that was cut off is in the store or was never begun: then its browser still has the session. A token that
  // the broker had ended before the kill is refused to the next gateway, which takes that as the end.
  const unconfirmed = async () => {
    const calls = (await simulator.calls()).filter(({ method }) => method === 'DELETE');
    const confirmed = calls.filter(({ status }) => status === 200 || status === 403).length;
    const found = await Promise.all(leaving.map(askAs));
    return found.filter((outcome) => outcome !== 'OK').length - confirmed;
  };
  await expect.poll(unconfirmed, { timeout: 60_000 }).toBeLessThanOrEqual(0);
  for (const browser of coming.filter((each) => !cameIn.includes(each))) {
    expect([browser.userId, await logIn(world, browser)]).toEqual([browser.userId, 'OK']);
    expect(await askAs(browser)).toBe('OK');
  }
  // What the broker issued while no gateway was there to hear of it ends at six in the morning.
  const unknown = await leftOver(world, [...staying, ...coming]);
  stopped.answers.set('session at the broker that no gateway heard of', unknown.length);
  noteStop('SIGKILL', stopped, (await simulator.calls()).length);
});
