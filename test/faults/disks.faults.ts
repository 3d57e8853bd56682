// Full disks under SQLite, the audit log and the log.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../support/processes/command.ts';
import { isCi } from '../support/processes/environment.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { sendJson, times } from './gateways/sender.ts';
import { sufferStore } from './gateways/stores.ts';
import { counted, measure, ordinaryUser } from './report/measure.ts';

async function startWorld(folder: string, before: readonly string[]) {
  const simulator = await startSimulatorProcess({
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_ACCOUNTS: '1000',
  });
  const gateway = await startGateway({
    before,
    env: {
      ...brokerSettings(simulator),
      KEYRING_STORE: `sqlite:${join(folder, 'keyrings')}`,
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      AUDIT_LOG: join(folder, 'audit.jsonl'),
      LIMIT_REVOCATION_SWEEP_SECONDS: '1',
      LIMIT_REVOCATION_CLAIM_SECONDS: '1',
    },
  });
  return { simulator, gateway };
}

/** Every line is whole, and every login that completed is in the audit log. */
function expectWhole(audit: string, log: string, logins: number): void {
  for (const line of `${audit}${log}`.trim().split('\n').filter(Boolean)) JSON.parse(line);
  const events = audit
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.filter(({ event }) => event === 'events-lost')).toEqual([]);
  const completed = events.filter(
    ({ event, outcome }) => event === 'login' && outcome === 'completed',
  );
  expect(completed.length).toBeGreaterThanOrEqual(logins);
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!hasPrlimit && !isCi)(
  'while files may not grow, sessions are read, logins are refused before their token is spent, and nothing is lost',
  async () => {
    const folder = emptyFolder();
    const log = join(folder, 'log');
    const world = await startWorld(folder, ['sh', '-c', `exec "$0" "$@" 2>>${log}`]);
    const limit = (bytes: string) =>
      execFileSync('prlimit', [`--pid=${world.gateway.pid}`, `--fsize=${bytes}:`]);
    await sufferStore(world, [
      {
        name: 'SQLite, audit log and log without room (RLIMIT_FSIZE)',
        spoil: () => limit('1'),
        mend: () => limit('unlimited'),
        seconds: 3,
      },
    ]);
    expectWhole(readFileSync(join(folder, 'audit.jsonl'), 'utf8'), readFileSync(log, 'utf8'), 11);
  },
);

/** Whether this user may mount a small file system of its own: where not, no disk can be filled without harm. */
const canMount =
  spawnSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status === 0;

if (!canMount)
  process.stdout.write(
    'This user may mount no file system (unshare -Urm): the test of a full disk is skipped.\n',
  );

test.skipIf(!canMount)(
  'while the disk is full, sessions are read, logins are refused before their token is spent, and nothing is lost',
  async () => {
    const folder = emptyFolder();
    const mount = `mount -t tmpfs -o size=4m tmpfs ${folder} && exec "$0" "$@" 2>>${folder}/log`;
    const world = await startWorld(folder, ['unshare', '-Urm', 'sh', '-c', mount]);
    const inside = join(`/proc/${world.gateway.pid}/root`, folder);
    const filler = join(inside, 'filler');
    const fill = () => {
      // To the last byte: a file that is written in small pieces until one does not fit.
      for (const size of [100_000, 1_000, 1]) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch {
          // Full, for pieces of this size.
        }
      }
    };
    await sufferStore(world, [
      {
        name: 'a full disk under SQLite, audit log and log',
        spoil: fill,
        mend: () => rmSync(filler),
        seconds: 3,
      },
    ]);
    const read = (name: string) => readFileSync(join(inside, name), 'utf8');
    expectWhole(read('audit.jsonl'), read('log'), 11);
  },
);

test('with a log that takes nothing, queries are answered, and a stop ends the process', async () => {
  const simulator = await startSimulatorProcess({ SIMULATOR_RATE_LIMIT: '0' });
  const gateway = await startGateway({
    before: ['sh', '-c', 'exec "$0" "$@" 2>/dev/full'],
    env: { ...brokerSettings(simulator), LOG_LEVEL: 'debug', LIMIT_LOGGED_FAILURES: '100000' },
  });
  const requests = 2_000;
  await measure(
    {
      sent: `${requests} queries that fail, with a log on /dev/full`,
      gateway,
      brokerPorts: [simulator.port],
      user: ordinaryUser(gateway.url),
    },
    async () => {
      const headers = { authorization: 'token simulator:unknown' };
      const ask = async () => {
        const { text } = await sendJson(gateway.url, {
          query: '{ account { user { userId } } }',
          headers,
        });
        return /"code":"(\w+)"/.exec(text)?.[1] ?? text;
      };
      const codes: string[] = [];
      for (let left = requests; left > 0; left -= 100)
        codes.push(...(await Promise.all(times(100, ask))));
      expect(counted(codes)).toEqual(new Map([['SESSION_EXPIRED', requests]]));
      return { answers: counted(codes) };
    },
  );
  gateway.process.kill('SIGTERM');
  expect(await gateway.ended).toMatchObject({ code: 0, signal: null });
});
