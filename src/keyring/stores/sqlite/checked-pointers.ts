// What the SQLite file said of pointers since it was written last. While nothing is written, a request of a browser asks
// the file's thread nothing: the version of the file is in memory that all processes with the file share.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { CheckedPointer } from '../store.ts';
import { identify } from './connection.ts';

/** What the file says of a pointer, and until when the clock alone changes nothing of it. */
export interface LastingPointer extends CheckedPointer {
  readonly endsAt: number;
}

interface OpenFile {
  readonly database: DatabaseSync;
  readonly version: StatementSync;
  /** Which file it is; see {@link identify}. */
  readonly identity: string;
}

/** The answers for the present version of a file. */
export class CheckedPointers {
  readonly #path: string;
  readonly #capacity: number;
  readonly #answers = new Map<string, LastingPointer>();
  #open: OpenFile | null = null;
  /** As SQLite tells it on the open connection. */
  #fileVersion: number | null = null;
  /** Counts the changes that were noticed, new connections included. */
  #changes = 0;
  #isClosed = false;

  /** @param capacity how many answers it keeps. */
  constructor(path: string, capacity: number) {
    this.#path = path;
    this.#capacity = capacity;
  }

  /**
   * The answer to a question about the file.
   * @param ask reads the answer from the file. Not called where no process has written to the file since it was called
   * for the same question.
   */
  async check(
    question: string,
    now: number,
    ask: () => Promise<LastingPointer | null>,
  ): Promise<CheckedPointer | null> {
    // The version is read before the answer: a write between them makes this version an old one.
    const changes = this.#hasVersion() ? this.#changes : null;
    const known = changes === null ? undefined : this.#answers.get(question);
    if (known !== undefined && now < known.endsAt) return known;
    const answer = await ask();
    const hasRoom = this.#answers.size < this.#capacity || this.#answers.has(question);
    const isPresent = changes === this.#changes && hasRoom;
    // What only seems to have ended is there again once the clock is set right.
    const isFound = answer !== null && answer.revision !== null;
    if (isPresent && isFound) this.#answers.set(question, answer);
    return answer;
  }

  /** Lets go of the file; from then on every question is asked. */
  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  /** Reads the version, and drops the answers for an earlier one; false where it cannot be told. */
  #hasVersion(): boolean {
    if (this.#isClosed) return false;
    try {
      const identity = identify(this.#path);
      if (this.#open?.identity !== identity) {
        this.#forget();
        this.#open = openFile(this.#path, identity);
      }
      const version = this.#open.version.get()?.data_version;
      if (typeof version !== 'number') return false;
      if (version !== this.#fileVersion) this.#drop(version);
      return true;
    } catch {
      // Deleted, or locked while another process repairs it: the thread knows what to do.
      this.#forget();
      return false;
    }
  }

  #forget(): void {
    this.#drop(null);
    this.#open?.database.close();
    this.#open = null;
  }

  #drop(version: number | null): void {
    this.#answers.clear();
    this.#fileVersion = version;
    this.#changes += 1;
  }
}

function openFile(path: string, identity: string): OpenFile {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return { database, version: database.prepare('PRAGMA data_version'), identity };
  } catch (error) {
    database.close();
    throw error;
  }
}
