// The thread that works on the SQLite file, so that neither a slow disk nor another process's lock stops the gateway.
// Calls that arrive together share one transaction; a call that meets a lock is tried again for a while.
import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteFile } from './file.ts';
import { ListedSqliteFile, readOperations, type SqliteOperations } from './listing.ts';
import type { Moment } from './purge.ts';

/** What the thread is started with. */
export interface SqliteSettings {
  readonly file: string;
  /** How long a call that meets a lock is tried again. */
  readonly patienceMilliseconds: number;
}

/** A call from the other thread. */
export interface SqliteCall {
  readonly id: number;
  /** The method, or `close`. */
  readonly method: keyof SqliteOperations | 'close';
  readonly moment: Moment;
  readonly args: readonly unknown[];
}

/** What became of a call; of the opening itself where the id is 0. */
export type SqliteReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string | null };

const lockRetryInterval = 20;

/** The pause before a purge, so that calls that follow one another go first. */
const purgePause = 20;

interface WaitingCall extends SqliteCall {
  readonly deadline: number;
}

/** What SQLite calls its result codes (sqlite.org/rescode.html), those that an operator can act on. */
const sqliteCodes = new Map([
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [26, 'SQLITE_NOTADB'],
]);
const lockCodes: ReadonlySet<string | null> = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED']);

const waiting: WaitingCall[] = [];
let isDue = false;
/** The moment of the last call, which the next purge goes by; null where none is to come. */
let purgeMoment: Moment | null = null;
let file: SqliteFile | null = null;
// The other thread is ours, and passes what it says.
const settings = workerData as SqliteSettings;

try {
  file = new ListedSqliteFile(settings.file);
  reply({ id: 0, ok: true, value: null });
} catch (error) {
  reply({ id: 0, ok: false, code: codeOf(error) });
}

parentPort?.on('message', (call: SqliteCall) => {
  waiting.push({ ...call, deadline: performance.now() + settings.patienceMilliseconds });
  if (!isDue) setImmediate(work);
  isDue = true;
});

function work(): void {
  isDue = false;
  const calls = waiting.splice(0);
  run(
    calls.filter(({ method }) => readOperations.has(method)),
    'BEGIN',
  );
  const writes = calls.filter(({ method }) => !readOperations.has(method) && method !== 'close');
  run(writes, 'BEGIN IMMEDIATE');
  const moment = writes.at(-1)?.moment;
  if (moment !== undefined) purgeLater(moment);
  for (const { id, method } of calls) if (method === 'close') close(id);
  if (waiting.length === 0 || isDue) return;
  isDue = true;
  setTimeout(work, lockRetryInterval);
}

function run(calls: readonly WaitingCall[], begin: 'BEGIN' | 'BEGIN IMMEDIATE'): void {
  const open = file;
  if (calls.length === 0 || open === null) return;
  try {
    const values = open.transaction(begin, () => calls.map((call) => perform(open, call)));
    for (const [index, { id }] of calls.entries()) reply({ id, ok: true, value: values[index] });
  } catch (error) {
    const code = codeOf(error);
    if (lockCodes.has(code)) {
      for (const call of calls) {
        if (call.deadline > performance.now()) waiting.push(call);
        else reply({ id: call.id, ok: false, code });
      }
    } else if (calls.length > 1) {
      // One call's failure is not the others'.
      for (const call of calls) run([call], begin);
    } else {
      for (const { id } of calls) reply({ id, ok: false, code });
    }
  }
}

/** Purges once the calls are done, and again while there is more, each time in a turn of its own. */
function purgeLater(moment: Moment): void {
  if (purgeMoment === null && moment.mayPurge) setTimeout(purge, purgePause);
  if (purgeMoment !== null || moment.mayPurge) purgeMoment = moment;
}

function purge(): void {
  const moment = purgeMoment;
  purgeMoment = null;
  try {
    if (moment !== null && file?.purge(moment)) purgeLater(moment);
  } catch {
    // Another process has the lock, or the disk is full: the next write purges again.
  }
}

function perform(open: SqliteFile, { method, moment, args }: WaitingCall): unknown {
  return Reflect.apply(Reflect.get(open, method), open, [moment, ...args]);
}

function close(id: number): void {
  try {
    file?.close();
    file = null;
    reply({ id, ok: true, value: null });
  } catch (error) {
    reply({ id, ok: false, code: codeOf(error) });
  }
}

function reply(message: SqliteReply): void {
  parentPort?.postMessage(message);
}

/** SQLite's own errors name files and statements: only their code leaves this thread. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown };
  // The extended code has the primary one in its lowest byte.
  const known = typeof errcode === 'number' ? sqliteCodes.get(errcode & 0xff) : undefined;
  return known ?? (typeof code === 'string' ? code : null);
}
