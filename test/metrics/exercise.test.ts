// The runbook of docs/operating.md: its commands, run against a gateway where that happened, print what the page prints.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import {
  emptyFolder,
  freePorts,
  run,
  simulatorSettings,
  startCommand,
} from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [, page = ''] = readFileSync(join(root, 'docs/operating.md'), 'utf8').split(
  '## When something fails',
);
const steps = [...page.matchAll(/```sh\n([\s\S]*?)```\s+```text\n([\s\S]*?)```/g)];

/** A line without what is new in each run. */
const lasting = (text: string) =>
  text.replace(/"(time|requestId|accountId|address)":("(?!report-1)[^"]*"|\d+)/g, '"$1":…');

test('every command of the runbook prints what the page prints', async () => {
  const simulator = await startSimulator({ port: 0, rateLimit: 0 });
  const folder = emptyFolder();
  const [metricsPort = 0] = await freePorts(1);
  const env = {
    ...simulatorSettings(simulator.url),
    METRICS_PORT: `${metricsPort}`,
    AUDIT_LOG: join(folder, 'audit.jsonl'),
    KEYRING_STORE: `sqlite:${join(folder, 'keyrings')}`,
    KEYRING_KEYS: Buffer.from(generateKey()).toString('base64'),
    LOG_FORMAT: 'json',
  };
  const gateway = await startCommand({ env, cwd: folder });
  const origin = `http://localhost:${gateway.port}`;
  const browsers = [new Visitor(origin), new Visitor(origin)];
  for (const [index, browser] of browsers.entries()) {
    await browser.logIn(`${origin}/login`, `SIM000${index + 1}`);
  }
  await fetch(`${simulator.url}/simulator/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"kind":"internal-error","userId":"SIM0002","path":"/user/margins/equity"}',
  });
  const query = '{ account { margins { equity { net } } } }';
  await browsers[0]?.askRaw(query);
  // The log has the first of equal failures, and not that of the report.
  await browsers[1]?.askRaw(query, {}, { 'x-request-id': 'report-0' });
  const failed = await browsers[1]?.askRaw(query, {}, { 'x-request-id': 'report-1' });
  expect(failed?.errors[0]?.extensions).toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    accountId: expect.any(String),
    requestId: 'report-1',
  });
  const stranger = new Visitor(origin);
  await stranger.visit(`${origin}/callback?status=success&request_token=invented&state=invented`);
  const log = await gateway.said(/Login failed/, 'stderr');
  writeFileSync(join(folder, 'gateway.log'), log);
  const read = () => readFileSync(env.AUDIT_LOG, 'utf8');
  await expect.poll(read).toContain('"outcome":"failed"');
  expect(steps).toHaveLength(7);
  const { accountId = '' } = failed?.errors[0]?.extensions ?? {};
  const command = `${process.execPath} ${join(root, 'src/command.ts')}`;
  for (const [, script = '', printed] of steps) {
    const own = script
      .replace('localhost:9464', `localhost:${metricsPort}`)
      .replaceAll('<accountId>', accountId)
      .replace('kite-graphql sessions', `${command} sessions`);
    const { stdout } = await run({ program: ['sh', '-c', own], cwd: folder, env }).ended;
    expect([script, lasting(stdout)]).toEqual([script, lasting(printed ?? '')]);
  }
  await simulator.close();
}, 120_000);
