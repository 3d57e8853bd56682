// What the operator's command says: results on stdout, as text or as JSON lines, and everything else on stderr.

/** Where a command writes. */
export interface Output {
  /** Writes a result, as an object with `--json`, else as text; resolves once the reader takes more. */
  result(object: object, text: string): Promise<void>;
  /** Writes a line for the person at the terminal. */
  note(text: string): void;
  /** Whether the reader of the results has gone, as `head` does: what only lists may stop. */
  readonly isClosed: boolean;
}

/** Writes to the process's own streams. */
export function createOutput(isJson: boolean): Output {
  let isClosed = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {
      isClosed = true;
    });
  }
  return {
    get isClosed() {
      return isClosed;
    },
    async result(object, text) {
      const line = isJson ? JSON.stringify(object) : text;
      await new Promise<void>((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
    },
    note: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** The pause between two lines of progress, in milliseconds. */
const pause = 2_000;

/** Tells, for work that takes long, how far it is. @returns called with each step. */
export function createProgress(output: Output, what: string): (count: number) => void {
  let toldAt = performance.now();
  return (count) => {
    if (performance.now() - toldAt < pause) return;
    toldAt = performance.now();
    output.note(`${count} ${what} ...`);
  };
}
