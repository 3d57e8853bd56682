// The file of the audit log: complete under load, after a full disk, over a rotation and at the end of the process.
import { once } from 'node:events';
import {
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withDefaultLimits } from '../../src/limits.ts';
import { AuditFile } from '../../src/process/audit-file.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { emptyFolder, run, startCommand } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';

const eventOf = (requestId: string): AuditEvent => ({
  event: 'login',
  outcome: 'completed',
  requestId,
});

interface Line {
  readonly time: string;
  readonly event: string;
  readonly requestId?: string;
  readonly count?: number;
}

const linesOf = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const idsOf = (file: string) => linesOf(file).map(({ requestId }) => requestId);

async function openAudit(file: string, auditBytes = withDefaultLimits().auditBytes) {
  const faults: (string | null)[] = [];
  const onFault = (code: string | null) => void faults.push(code);
  const audit = await AuditFile.open({ file, limits: { auditBytes }, onFault });
  onTestFinished(async () => void (await audit.close()));
  return { audit, faults };
}

const newFile = () => join(emptyFolder(), 'audit.jsonl');

test('each event is one line of JSON with its time, in a file of its owner alone', async () => {
  const file = newFile();
  const { audit } = await openAudit(file);
  audit.write(eventOf('a'));
  audit.write(eventOf('line\nbreak'));
  expect(await audit.close()).toEqual([]);
  expect(linesOf(file)).toEqual([
    { time: expect.stringMatching(/^\d{4}-.*Z$/), ...eventOf('a') },
    { time: expect.any(String), ...eventOf('line\nbreak') },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('ten thousand events at once are all there, in their order, once it is closed', async () => {
  const file = newFile();
  const { audit } = await openAudit(file);
  const ids = Array.from({ length: 10_000 }, (_, index) => `${index}`);
  for (const id of ids) audit.write(eventOf(id));
  await audit.close();
  expect(idsOf(file)).toEqual(ids);
});

test('a file is written on, also where its last line was cut off, and keeps no mode of others', async () => {
  const file = newFile();
  writeFileSync(file, '{"event":"old"}\n{"event":"cut', { mode: 0o644 });
  const { audit } = await openAudit(file);
  audit.write(eventOf('a'));
  await audit.close();
  const [old, cut, next] = readFileSync(file, 'utf8').split('\n');
  expect([old, cut, JSON.parse(next ?? '').requestId]).toEqual([
    '{"event":"old"}',
    '{"event":"cut',
    'a',
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('over a rotation no event is lost, and none is written twice', async () => {
  const file = newFile();
  const { audit } = await openAudit(file);
  for (let index = 0; index < 100; index += 1) audit.write(eventOf(`${index}`));
  renameSync(file, `${file}.1`);
  audit.reopen();
  for (let index = 100; index < 200; index += 1) audit.write(eventOf(`${index}`));
  await audit.close();
  const ids = [...idsOf(`${file}.1`), ...idsOf(file)];
  expect(ids.map(Number).toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 200 }, (_, index) => index),
  );
  expect(idsOf(file)).toContain('199');
});

test('a full disk is told, loses nothing in its bounds, and is told when it is over', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const { audit, faults } = await openAudit(file);
  audit.write(eventOf('a'));
  await expect.poll(() => faults).toEqual(['ENOSPC']);
  expect(audit.fault).toBe('ENOSPC');
  audit.write(eventOf('b'));
  unlinkSync(file);
  audit.reopen();
  await expect.poll(() => faults).toEqual(['ENOSPC', null]);
  expect(audit.fault).toBeNull();
  await audit.close();
  expect(idsOf(file)).toEqual(['a', 'b']);
});

test('beyond the bound it is full, keeps what comes all the same, and has room once the file takes it', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const { audit, faults } = await openAudit(file, 1_000);
  const ids = Array.from({ length: 100 }, (_, index) => `${index}`);
  for (const [index, id] of ids.entries()) {
    if (index < 9) expect(audit.isFull).toBe(false);
    audit.write(eventOf(id));
  }
  expect(audit.isFull).toBe(true);
  expect(audit.fault).not.toBeNull();
  await expect.poll(() => faults).toContain('ENOSPC');
  unlinkSync(file);
  audit.reopen();
  await expect.poll(() => audit.fault).toBeNull();
  expect(audit.isFull).toBe(false);
  await audit.close();
  expect(idsOf(file)).toEqual(ids);
});

test('events that a full disk never took are given back at the end, whole and in their order', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const { audit, faults } = await openAudit(file);
  audit.write(eventOf('a'));
  await expect.poll(() => faults).toEqual(['ENOSPC']);
  audit.write(eventOf('b'));
  const closing = audit.close();
  audit.write(eventOf('c'));
  const lines = (await closing).map((line) => JSON.parse(line));
  expect(lines.map(({ requestId }) => requestId)).toEqual(['a', 'b', 'c']);
});

test('a rotation whose new file cannot be opened writes on into the old one', async () => {
  const folder = emptyFolder();
  const file = join(folder, 'logs-of-today');
  const { audit, faults } = await openAudit(file);
  const kept = join(emptyFolder(), 'kept');
  renameSync(file, kept);
  symlinkSync('/nowhere/audit', file);
  audit.reopen();
  await expect.poll(() => faults).toEqual(['ENOENT']);
  rmSync(file);
  audit.write(eventOf('a'));
  await expect.poll(() => faults, { timeout: 20_000 }).toEqual(['ENOENT', null]);
  await audit.close();
  expect(idsOf(file)).toEqual(['a']);
});

test.each([
  ['a folder', () => emptyFolder(), /It is a folder\. Set the path of a file\.$/m],
  ['a file in no folder', () => '/nowhere/audit.jsonl', /Its folder does not exist\. Create it/],
])('%s is refused at the start, in one line that says what to do', async (_name, place, advice) => {
  const { code, stdout, stderr } = await run({ env: { AUDIT_LOG: place(), SIMULATOR_PORT: '0' } })
    .ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^kite-graphql: AUDIT_LOG: E\w+: the file cannot be opened\..*\n$/);
  expect(stderr).toMatch(advice);
});

test('a process records logins, goes on in a new file after SIGHUP, and ends with all of them', async () => {
  const file = newFile();
  const command = await startCommand({ env: { AUDIT_LOG: file } });
  const origin = `http://localhost:${command.port}`;
  const visitor = new Visitor(origin);
  await visitor.logIn(`${origin}/login`, 'SIM0001');
  await expect.poll(() => linesOf(file).length).toBe(1);
  renameSync(file, `${file}.1`);
  command.process.kill('SIGHUP');
  await expect.poll(() => statSync(file, { throwIfNoEntry: false })?.size).toBe(0);
  await visitor.logIn(`${origin}/login`, 'SIM0002');
  await visitor.askRaw('mutation { logout { loggedOut } }');
  command.process.kill('SIGTERM');
  const { code, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('audit') });
  expect(linesOf(`${file}.1`).map(({ event }) => event)).toEqual(['login']);
  expect(linesOf(file).map(({ event }) => event)).toEqual(['login', 'logout', 'logout']);
  expect(readFileSync(file, 'utf8')).not.toMatch(/SIM000\d/);
});

test('a full disk is in the log of the process, and so are the events that it took until the end', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const command = await startCommand({ env: { AUDIT_LOG: file, LOG_FORMAT: 'json' } });
  const origin = `http://localhost:${command.port}`;
  const visitor = new Visitor(origin);
  await visitor.logIn(`${origin}/login`, 'SIM0001');
  await command.said(/"code":"ENOSPC".*audit log cannot be written/, 'stderr');
  expect((await visitor.askRaw('{ accounts { id } }')).errors).toEqual([]);
  command.process.kill('SIGTERM');
  await once(command.process, 'exit');
  const { stderr } = await command.ended;
  expect(stderr).toMatch(
    /"audit":\{"time":"[^"]+","event":"login","outcome":"completed".*this event"/,
  );
  expect(stderr).toMatch(/"lost":1.*did not take these events/);
});

test('events beyond what the log holds in memory are in it at the stop all the same', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const env = { AUDIT_LOG: file, LOG_FORMAT: 'json', LIMIT_LOG_BYTES: '10000' };
  const command = await startCommand({ env });
  const login = `http://localhost:${command.port}/login?app=nope`;
  const failures = 90;
  for (let times = 0; times < failures; times += 1) await fetch(login, { redirect: 'manual' });
  command.process.kill('SIGTERM');
  const { stderr } = await command.ended;
  const refused = /"audit":\{[^}]+"event":"login","outcome":"refused"/g;
  expect(stderr.match(refused)).toHaveLength(failures);
  expect(stderr).toMatch(/"lost":90.*did not take these events/);
});

test('a full audit log ends readiness and refuses what it has to record, until the file takes it: no event is lost', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const env = { AUDIT_LOG: file, LIMIT_AUDIT_BYTES: '100', LOG_FORMAT: 'json' };
  const command = await startCommand({ env });
  const origin = `http://localhost:${command.port}`;
  const [first, second] = [new Visitor(origin), new Visitor(origin)];
  await first.logIn(`${origin}/login`, 'SIM0001');
  const ready = async () => {
    const { status } = await fetch(`${origin}/ready`);
    return status;
  };
  await expect.poll(ready).toBe(503);
  expect(await second.visit(`${origin}/login`)).toMatchObject({ status: 503 });
  const logout = await first.askRaw('mutation { logout { loggedOut } }');
  expect(logout.status).toBe(503);
  expect(logout.errors[0]?.extensions.code).toBe('KEYRING_UNAVAILABLE');
  unlinkSync(file);
  command.process.kill('SIGHUP');
  await expect.poll(ready).toBe(200);
  await second.logIn(`${origin}/login`, 'SIM0002');
  // Its event alone is more than may wait.
  await expect.poll(ready).toBe(200);
  await first.askRaw('mutation { logout { loggedOut } }');
  command.process.kill('SIGTERM');
  await once(command.process, 'exit');
  expect(linesOf(file).map(({ event }) => event)).toEqual(['login', 'login', 'logout']);
});
