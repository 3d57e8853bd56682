// Processes of the bench: started on cores of their own, asked things, and all gone when the bench is.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Asked, Said } from './messages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a process is started. */
export interface StartOptions {
  /** Paths below the project's root, and words. */
  readonly words: readonly string[];
  /** Options of Node's. */
  readonly node?: readonly string[];
  /** The whole environment. Default: production, and nothing of the shell's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it writes a log to stderr, which is dropped. Else its stderr is the bench's. */
  readonly isLogging?: boolean;
  /** Whether it has the first core to itself; or, where its threads are measured too, all cores. */
  readonly isMeasured: boolean | 'with threads';
}

/** One process. */
export class Process {
  /** The first thing that it says unasked: over the channel or, where it knows of none, to stdout. */
  readonly word: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  /** Starts Node in the project's root. */
  constructor({ words, node = [], env = {}, isLogging = false, isMeasured }: StartOptions) {
    const line = [process.execPath, ...node, ...words];
    const [program = '', ...rest] =
      isMeasured && canPin() ? ['taskset', '-c', coresOf(isMeasured), ...line] : line;
    this.#child = spawn(program, rest, {
      cwd: root,
      env: { NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', isLogging ? 'ignore' : 'inherit', 'ipc'],
    });
    this.word = new Promise((resolve, reject) => {
      this.#child.stdout?.once('data', resolve);
      this.#child.on('message', ({ id, answer }: Said) => {
        if (id === null) resolve(answer);
        else this.#waiting.get(id)?.(answer);
      });
      this.#child.once('exit', () => reject(new Error(`${words[0]} ended by itself`)));
    });
  }

  /** Asks for something by name. */
  ask<T>(name: string, value: unknown = null): Promise<T> {
    this.#asked += 1;
    const asked: Asked = { id: this.#asked, name, value };
    return new Promise((resolve, reject) => {
      this.#child.once('exit', reject);
      this.#waiting.set(asked.id, (answer) => {
        this.#waiting.delete(asked.id);
        this.#child.off('exit', reject);
        resolve(answer as T);
      });
      this.#child.send(asked);
    });
  }

  /** Ends it. */
  end(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Keeps this process, and what it starts, off the core that servers are measured on. False where that cannot be. */
export function leaveFirstCore(): boolean {
  if (!canPin()) return false;
  const others = `1-${cpus().length - 1}`;
  return spawnSync('taskset', ['-a', '-cp', others, String(process.pid)]).status === 0;
}

function coresOf(isMeasured: true | 'with threads'): string {
  return isMeasured === true ? '0' : `0-${cpus().length - 1}`;
}

function canPin(): boolean {
  return cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;
}
