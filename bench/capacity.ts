// What one account, one request and one poll need of a gateway and of Redis: the measured constants of docs/capacity.md,
// in about a minute. `node bench/capacity.ts` prints them and writes nothing.
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { app } from './kite.ts';
import { browserOf, logIn, settingsOf } from './load/browser.ts';
import { Connection } from './load/connection.ts';
import type { Question } from './load/question.ts';
import type { Memory, Usage } from './processes/instruments.ts';
import { leaveFirstCore } from './processes/process.ts';
import { type Server, Stage } from './processes/stage.ts';

const browsers = 200;
const sessions = 5;
const requests = 4_800;
const accounts = 400;
const pollSeconds = 15;
const streams = 1_000;

/** What is asked of the client of Redis. */
interface Redis {
  info(section: string): Promise<string>;
}

await main();

async function main(): Promise<void> {
  leaveFirstCore();
  const stage = await Stage.start();
  process.once('SIGINT', () => {
    stage.end();
    process.exit();
  });
  const url = await stage.redis();
  if (url === null) throw new Error('redis-server is missing');
  const redis = await createClient({ url }).connect();
  try {
    const settings = {
      ...settingsOf(url),
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      // One that is never reached: its calls are counted in Redis all the same.
      KITE_RATE_LIMIT: '100000',
      LIMIT_CONNECTIONS_PER_ADDRESS: '16000',
      LIMIT_ADDRESS_STREAMS: '10000',
    };
    const server = await stage.gateway(settings);
    print('One login, and what Redis keeps', await login(server, redis));
    print(
      'One request by cookie, of a user and both segments',
      await request(stage, server, redis),
    );
    const other = await stage.gateway({ ...settings, COOKIE_NAME: 'other' });
    print('One poll of an account', await poll(stage, [server, other], redis));
    const third = await stage.gateway({ ...settings, COOKIE_NAME: 'third' });
    print('KiB of a gateway', { 'open stream of one account': await memoryOfStream(third) });
  } finally {
    redis.destroy();
    stage.end();
  }
  process.exit();
}

function print(title: string, numbers: Readonly<Record<string, number>>): void {
  process.stdout.write(`${title}\n`);
  for (const [name, value] of Object.entries(numbers))
    process.stdout.write(`  ${name.padEnd(52)}${value.toFixed(1).padStart(10)}\n`);
}

async function login(server: Server, redis: Redis) {
  // What is made once comes first.
  await logIn(server, [1]);
  const before = await usedMemory(redis);
  const begun = await snapshot(server, redis);
  for (let browser = 1; browser <= browsers; browser += 1) {
    const users = Array.from({ length: sessions }, (_, index) => browser * sessions + index);
    await logIn(server, users);
  }
  const { cpu, redisCpu, commands } = differenceOf(begun, await snapshot(server, redis));
  const logins = browsers * sessions;
  return {
    'CPU of the gateway, µs': cpu / logins,
    'CPU of Redis, µs': redisCpu / logins,
    'scripts in Redis': commands / logins,
    'bytes of a keyring of five sessions': ((await usedMemory(redis)) - before) / browsers,
  };
}

async function request(stage: Stage, server: Server, redis: Redis) {
  const { byCookie } = await browserOf(stage, server);
  // Warm first.
  await askAll(server, byCookie);
  const begun = await snapshot(server, redis);
  await askAll(server, byCookie);
  const { cpu, redisCpu, commands } = differenceOf(begun, await snapshot(server, redis));
  return {
    'CPU of the gateway, µs': cpu / requests,
    'CPU of Redis, µs': redisCpu / requests,
    'scripts in Redis': commands / requests,
  };
}

async function askAll(server: Server, question: Question): Promise<void> {
  const connections = Array.from({ length: 16 }, () => new Connection(server, question));
  await Promise.all(
    connections.map(async (connection) => {
      for (let count = 0; count < requests / connections.length; count += 1) await connection.ask();
      connection.close();
    }),
  );
}

async function poll(stage: Stage, servers: readonly Server[], redis: Redis) {
  const [polling, following] = servers;
  if (polling === undefined || following === undefined) throw new Error('Two are needed');
  const credentials = Array.from({ length: accounts }, (_, index) => credential(`poll${index}`));
  const subscribe = (server: Server) => subscription(server, credentials.join(', '), 1, accounts);
  const measured = async () => {
    await setTimeout(3_000);
    await stage.upstream.ask('calls');
    const begun = await Promise.all(servers.map((server) => snapshot(server, redis)));
    await setTimeout(pollSeconds * 1_000);
    const polls = await stage.upstream.ask<number>('calls');
    const ended = await Promise.all(servers.map((server) => snapshot(server, redis)));
    const uses = begun.map((each, index) => differenceOf(each, ended[index] ?? each));
    return { polls, uses };
  };
  const leave = [await subscribe(polling)];
  const { polls, uses } = await measured();
  leave.push(await subscribe(following));
  const shared = await measured();
  for (const each of leave) each();
  const [alone] = uses;
  const [holder, follower] = shared.uses;
  return {
    'CPU of the gateway, µs': (alone?.cpu ?? 0) / polls,
    'CPU of Redis, µs': (alone?.redisCpu ?? 0) / polls,
    'scripts in Redis': (alone?.commands ?? 0) / polls,
    'polls a second': polls / pollSeconds,
    'with a second replica: CPU of the one that polls, µs': (holder?.cpu ?? 0) / shared.polls,
    'CPU of the one that follows, µs': (follower?.cpu ?? 0) / shared.polls,
    'CPU of Redis then, µs': (holder?.redisCpu ?? 0) / shared.polls,
    'polls a second of both': shared.polls / pollSeconds,
  };
}

/** Kibibytes that open streams of one account each hold resident. */
async function memoryOfStream(server: Server): Promise<number> {
  const follow = (index: number) => subscription(server, credential(`stream${index}`), 3_600, 1);
  const open = async (first: number, count: number) => {
    const leave: (() => void)[] = [];
    for (let index = first; index < first + count; index += 1) leave.push(await follow(index));
    return leave;
  };
  const leave = await open(0, 100);
  const before = await server.process.ask<Memory>('memory');
  leave.push(...(await open(100, streams)));
  const after = await server.process.ask<Memory>('memory');
  for (const each of leave) each();
  return (after.rss - before.rss) / 1_024 / streams;
}

function credential(token: string): string {
  return `token ${app.apiKey}:${token}1`;
}

/** Subscribes to the margins of accounts, once the first event of each is there; gives the way to leave. */
async function subscription(
  { port }: Server,
  authorization: string,
  everySeconds: number,
  count: number,
): Promise<() => void> {
  const segments = '{ equity { net } commodity { net } }';
  const query = `subscription { marginsChanged(everySeconds: ${everySeconds}) { margins ${segments} } }`;
  const leave = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    signal: leave.signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
    body: JSON.stringify({ query }),
  });
  const { promise: isComplete, resolve } = Promise.withResolvers<void>();
  const read = async () => {
    let events = 0;
    for await (const chunk of body ?? []) {
      events += Buffer.from(chunk).toString().split('data: ').length - 1;
      if (events >= count) resolve();
    }
  };
  read().catch(() => {});
  await isComplete;
  return () => leave.abort();
}

interface Snapshot {
  readonly cpu: number;
  readonly redisCpu: number;
  readonly commands: number;
}

async function snapshot(server: Server, redis: Redis): Promise<Snapshot> {
  const { cpu } = await server.process.ask<Usage>('usage');
  const info = `${await redis.info('cpu')}\n${await redis.info('commandstats')}`;
  const seconds =
    numberIn(info, /^used_cpu_user:([\d.]+)/m) + numberIn(info, /^used_cpu_sys:([\d.]+)/m);
  return { cpu, redisCpu: seconds * 1e6, commands: numberIn(info, /^cmdstat_eval:calls=(\d+)/m) };
}

function differenceOf(before: Snapshot, after: Snapshot): Snapshot {
  return {
    cpu: after.cpu - before.cpu,
    redisCpu: after.redisCpu - before.redisCpu,
    commands: after.commands - before.commands,
  };
}

async function usedMemory(redis: Redis): Promise<number> {
  return numberIn(await redis.info('memory'), /^used_memory:(\d+)/m);
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
