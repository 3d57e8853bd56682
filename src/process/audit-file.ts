// The audit log as a file: JSON lines, each on the disk as soon as the disk takes it, and none lost.
//
// Lines that come while a write is in flight go with the next one, and each write is followed by fdatasync: an event is
// safe from the end of the process at once, and from a power cut a moment later. No request waits for it. What the disk does
// not take waits in memory up to a bound; from there on operations that would be recorded are refused.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Limits } from '../limits.ts';
import type { AuditEvent, AuditLog } from '../shared/audit.ts';

const ownerOnly = 0o600;

/** The pause before a file that took nothing is tried again, in milliseconds. */
const pause = 1_000;

/** What the file tells of itself. */
export interface AuditFileOptions {
  readonly file: string;
  readonly limits: Pick<Limits, 'auditBytes'>;
  readonly now?: () => Date;
  /** Told when the file cannot be written, by the code of the cause, and with null when it can again. */
  readonly onFault: (code: string | null) => void;
}

/** An open audit log. */
export class AuditFile implements AuditLog {
  readonly #options: AuditFileOptions;
  #handle: FileHandle;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** The lines that are being written, and the bytes of them that are not. */
  #batch: string[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #fault: string | null = null;
  #isReopening = false;
  #work: Promise<void> | null = null;
  #wake = Promise.withResolvers<void>();
  #isClosing = false;
  #isClosed = false;

  private constructor(options: AuditFileOptions, handle: FileHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  /** Opens the file, which is created for its owner alone. @throws an error of the file system. */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    return new AuditFile(options, await openFile(options.file));
  }

  /** Why the file cannot be written now, as the code of the system; null where it can. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Whether `auditBytes` wait. Events of operations that go on already are taken all the same. */
  get isFull(): boolean {
    return this.#waitingBytes >= this.#options.limits.auditBytes;
  }

  write(event: AuditEvent): void {
    const time = (this.#options.now?.() ?? new Date()).toISOString();
    const line = `${JSON.stringify({ time, ...event })}\n`;
    this.#waiting.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
    if (this.isFull && this.#fault === null) this.#tell('EAGAIN');
    if (!this.#isClosed) this.#start();
  }

  /** Opens the file anew, after it was renamed; until that succeeds, lines go where they went. */
  reopen(): void {
    this.#isReopening = true;
    this.#wake.resolve();
    this.#start();
  }

  /** Writes what waits, and closes the file. @returns the lines that it did not take, for the log. */
  async close(): Promise<readonly string[]> {
    this.#isClosing = true;
    this.#wake.resolve();
    // What is written meanwhile begins the next work.
    while (this.#work !== null) await this.#work;
    this.#isClosed = true;
    await this.#handle.close().catch(() => undefined);
    const unfinished = linesIn(this.#rest);
    return [...(unfinished > 0 ? this.#batch.slice(-unfinished) : []), ...this.#waiting];
  }

  #start(): void {
    this.#work ??= this.#run().finally(() => {
      this.#work = null;
    });
  }

  async #run(): Promise<void> {
    while (this.#isReopening || this.#waiting.length > 0 || this.#rest.length > 0) {
      try {
        if (this.#isReopening) await this.#open();
        await this.#writeBatch();
        if (this.#fault !== null) this.#tell(null);
      } catch (error) {
        const code = codeOf(error);
        if (this.#fault !== code) this.#tell(code);
        if (this.#isClosing) return;
        this.#wake = Promise.withResolvers();
        const timer = setTimeout(this.#wake.resolve, pause);
        await this.#wake.promise;
        clearTimeout(timer);
      }
    }
  }

  async #open(): Promise<void> {
    const next = await openFile(this.#options.file);
    this.#isReopening = false;
    const last = this.#handle;
    // A line that is half in the old file is finished there.
    if (this.#rest.length > 0) await this.#writeRest().catch(() => undefined);
    this.#handle = next;
    await last.close().catch(() => undefined);
  }

  async #writeBatch(): Promise<void> {
    if (this.#rest.length === 0) {
      this.#batch = this.#waiting;
      this.#rest = Buffer.from(this.#batch.join(''));
      this.#waiting = [];
    }
    await this.#writeRest();
    this.#waitingBytes = this.#waiting.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  }

  async #writeRest(): Promise<void> {
    while (this.#rest.length > 0) {
      const { bytesWritten } = await this.#handle.write(this.#rest);
      this.#rest = this.#rest.subarray(bytesWritten);
    }
    await this.#handle.datasync().catch((error: NodeJS.ErrnoException) => {
      // What is no file of a disk, such as /dev/null, cannot be synchronized.
      if (error.code !== 'EINVAL') throw error;
    });
  }

  #tell(code: string | null): void {
    this.#fault = code;
    this.#options.onFault(code);
  }
}

async function openFile(file: string): Promise<FileHandle> {
  // Never waits for the reader of a pipe; written at the end, whatever other processes write.
  const { O_APPEND, O_CREAT, O_RDWR, O_NONBLOCK } = constants;
  const handle = await open(file, O_APPEND | O_CREAT | O_RDWR | O_NONBLOCK, ownerOnly);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() && !stats.isCharacterDevice()) throw notAFile();
    if (stats.isFile()) {
      await handle.chmod(ownerOnly);
      await endLine(handle, stats.size);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Ends the last line where a process that wrote it has ended in the middle. */
async function endLine(handle: FileHandle, size: number): Promise<void> {
  if (size === 0) return;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer.toString() !== '\n') await handle.write('\n');
}

function linesIn(bytes: Buffer): number {
  return bytes.toString().split('\n').length - 1;
}

function codeOf(error: unknown): string {
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return isCoded ? String(error.code) : 'UNKNOWN';
}

function notAFile(): Error {
  return Object.assign(new Error('Not a file'), { code: 'ENOTSUP' });
}
