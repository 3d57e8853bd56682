// The thread of a SQLite file as the gateway's own thread sees it: calls go in, answers come out. One that ends by itself
// is replaced with the next call.
import { Worker } from 'node:worker_threads';
import { KeyringStoreError } from '../store.ts';
import type { SqliteCall, SqliteReply, SqliteSettings } from './worker.ts';

/** What the log says of a thread that ended and named no cause. */
const endedCode = 'SQLITE_THREAD_ENDED';

/** The thread, and the calls that wait for it. It keeps the process running only while a call waits. */
export class SqliteThread {
  /** Rejects with a KeyringStoreError where the file could not be opened. */
  readonly opened: Promise<unknown>;
  readonly #settings: SqliteSettings;
  readonly #monotonic: () => number;
  readonly #restartInterval: number;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  /** Null once it has ended by itself. */
  #worker: Worker | null;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #isClosed = false;

  /**
   * Starts the thread.
   * @param monotonic milliseconds of a clock that only runs forward.
   * @param restartInterval the milliseconds from one start of a new thread to the next.
   */
  constructor(settings: SqliteSettings, monotonic: () => number, restartInterval: number) {
    this.#settings = settings;
    this.#monotonic = monotonic;
    this.#restartInterval = restartInterval;
    this.#worker = this.#start();
    this.opened = this.#wait(this.#worker, 0);
  }

  /** Runs a method on the file; rejects with a KeyringStoreError and nothing else. */
  call<Value>(
    method: SqliteCall['method'],
    moment: SqliteCall['moment'],
    args: SqliteCall['args'],
  ): Promise<Value> {
    if (this.#isClosed) return Promise.reject(new KeyringStoreError());
    this.#worker ??= this.#restart();
    const worker = this.#worker;
    if (worker === null) return Promise.reject(new KeyringStoreError(endedCode));
    this.#lastId += 1;
    const id = this.#lastId;
    const call: SqliteCall = { id, method, moment, args };
    worker.postMessage(call);
    // The thread is ours and answers what its method returns.
    return this.#wait(worker, id) as Promise<Value>;
  }

  /** Closes the file and ends the thread; every later call rejects. A second close does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const worker = this.#worker;
    const closed = worker && this.call('close', { now: 0, mayPurge: false }, []);
    this.#isClosed = true;
    await closed?.finally(() => worker?.terminate());
  }

  #start(): Worker {
    // Sources run as they are, and so does what is built of them.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
      workerData: this.#settings,
      // The thread needs no setting, and no flag that was meant for the process's own script.
      env: {},
      execArgv: [],
    });
    worker.on('message', (message: SqliteReply) => this.#settle(worker, message));
    worker.on('error', (error) => this.#end(worker, causeOf(error) ?? endedCode));
    worker.on('exit', () => this.#end(worker, endedCode));
    return worker;
  }

  /** A thread that ends again and again is not started with every call. */
  #restart(): Worker | null {
    const at = this.#monotonic();
    if (at < this.#restartedAt + this.#restartInterval) return null;
    this.#restartedAt = at;
    return this.#start();
  }

  #wait(worker: Worker, id: number): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    worker.ref();
    return waiting.promise;
  }

  #settle(worker: Worker, message: SqliteReply): void {
    if (worker !== this.#worker) return;
    if (!message.ok && message.id === 0) {
      this.#end(worker, message.code);
      void worker.terminate();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) worker.unref();
    if (message.ok) waiting?.resolve(message.value);
    else waiting?.reject(new KeyringStoreError(message.code));
  }

  /** Fails what waits for a thread that is no more. Of a write among them nothing is known. */
  #end(worker: Worker, code: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new KeyringStoreError(code));
    this.#waiting.clear();
  }
}

/** The code of what a thread did not catch, such as `ERR_WORKER_OUT_OF_MEMORY`. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
