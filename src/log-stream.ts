// Where log lines go: a file descriptor that may be full, slow or gone. Writing never fails, blocks or ends the process;
// lines that cannot be written are counted, and the count is told once there is room again.
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** How long to wait before a descriptor that took nothing is tried again, in milliseconds. */
const pause = 250;

/** Takes the place of the lines that were lost, at the place where they would have been. */
export type LossLine = (lines: number) => string;

/** What a log stream writes to, and how much it may hold. */
export interface LogStreamOptions {
  readonly descriptor: number;
  /** The most bytes that wait to be written; lines beyond them are lost. */
  readonly maxBytes: number;
  readonly lossLine: LossLine;
}

/** A destination of log lines. */
export class LogStream {
  readonly #descriptor: number;
  readonly #maxBytes: number;
  readonly #lossLine: LossLine;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What is being written now. */
  #chunk: Buffer | null = null;
  #isWriting = false;
  #lost = 0;
  #timer: NodeJS.Timeout | null = null;
  #idle: (() => void)[] = [];

  constructor({ descriptor, maxBytes, lossLine }: LogStreamOptions) {
    this.#descriptor = withoutBlocking(descriptor);
    this.#maxBytes = maxBytes;
    this.#lossLine = lossLine;
  }

  /** How many lines were lost and not told of yet. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line, its line break included. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > this.#maxBytes) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    // A few lines in one write: a write for each costs as much as a call to Kite.
    this.#soon(this.#waitingBytes >= 4_096 ? 0 : 50);
  }

  /** Waits until everything is written, or for the given time. */
  async flush(milliseconds: number): Promise<void> {
    if (this.#isIdle) return;
    this.#soon(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }

  /** Makes one last attempt, for the end of the process. */
  end(): void {
    if (this.#isWriting) return;
    try {
      const rest = Buffer.concat([this.#chunk ?? Buffer.alloc(0), ...this.#waiting]);
      if (rest.length > 0) writeSync(this.#descriptor, rest);
      if (this.#lost > 0) writeSync(this.#descriptor, this.#lossLine(this.#lost));
    } catch {
      // No reader is left to report it to.
    }
  }

  get #isIdle(): boolean {
    return this.#chunk === null && this.#waiting.length === 0;
  }

  #soon(milliseconds: number): void {
    if (this.#isWriting) return;
    if (this.#timer !== null) {
      if (milliseconds > 0) return;
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => this.#next(), milliseconds).unref();
  }

  #next(): void {
    this.#timer = null;
    if (this.#isWriting) return;
    if (this.#chunk === null) {
      if (this.#waiting.length === 0) return;
      this.#chunk = Buffer.concat(this.#waiting);
      this.#waiting = [];
    }
    const chunk = this.#chunk;
    this.#isWriting = true;
    write(this.#descriptor, chunk, (error, written = 0) => {
      this.#isWriting = false;
      const rest = chunk.subarray(error === null ? written : 0);
      this.#waitingBytes -= chunk.length - rest.length;
      if (rest.length > 0) {
        this.#chunk = rest;
        this.#soon(error === null ? 0 : pause);
        return;
      }
      this.#chunk = null;
      if (this.#lost > 0) this.#tellLoss();
      if (this.#waiting.length > 0) this.#soon(0);
      else for (const resolve of this.#idle.splice(0)) resolve();
    });
  }

  #tellLoss(): void {
    const line = this.#lossLine(this.#lost);
    this.#lost = 0;
    this.#waiting.unshift(Buffer.from(line));
    this.#waitingBytes += Buffer.byteLength(line);
  }
}

/**
 * A full pipe blocks its writer and delays the end of the process. Opened once more it can be told
 * not to; the flag on the descriptor itself would be every other process's too.
 */
function withoutBlocking(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor;
    return openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
