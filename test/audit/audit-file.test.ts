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
import { emptyFolder, run, startCommand } from '../support/command.ts';
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
  expect(await audit.close()).toBe(0);
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

test('events beyond the bound are counted, and the count is recorded', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const { audit, faults } = await openAudit(file, 1_000);
  for (let index = 0; index < 100; index += 1) audit.write(eventOf(`${index}`));
  await expect.poll(() => faults).toContain('ENOSPC');
  unlinkSync(file);
  audit.reopen();
  await expect.poll(() => audit.fault).toBeNull();
  await audit.close();
  const lines = linesOf(file);
  const lost = lines.reduce((sum, { count = 0 }) => sum + count, 0);
  expect(lost).toBeGreaterThan(80);
  expect(lines.filter(({ event }) => event === 'login')).toHaveLength(100 - lost);
});

test('events that a full disk never took are counted at the end', async () => {
  const file = newFile();
  symlinkSync('/dev/full', file);
  const { audit, faults } = await openAudit(file);
  audit.write(eventOf('a'));
  await expect.poll(() => faults).toEqual(['ENOSPC']);
  audit.write(eventOf('b'));
  expect(await audit.close()).toBe(2);
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
  ['a folder', () => emptyFolder()],
  ['a file in no folder', () => '/nowhere/audit.jsonl'],
])('%s is refused at the start, in one line', async (_name, place) => {
  const { code, stdout, stderr } = await run({ env: { AUDIT_LOG: place(), SIMULATOR_PORT: '0' } })
    .ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^kite-graphql: AUDIT_LOG: E\w+: the file cannot be opened\..*\n$/);
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

test('a full disk is in the log of the process, and the gateway goes on', async () => {
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
  expect((await command.ended).stderr).toMatch(/"lost":1.*did not take these events/);
});
