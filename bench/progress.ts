// What the bench is doing: one line that changes on a terminal, a line for each step elsewhere.
import type { WriteStream } from 'node:tty';

/** Says what is going on. */
export interface Progress {
  /** The next part of the run. */
  step(text: string): void;
  /** What of it is being done. */
  readonly say: (text: string) => void;
  /** Nothing more. */
  end(): void;
}

/** Says it to a stream. */
export function createProgress(stream: WriteStream): Progress {
  const begin = performance.now();
  const erase = stream.isTTY ? '\r\x1b[K' : '';
  const since = () => `${((performance.now() - begin) / 1_000).toFixed(0).padStart(4)} s`;
  return {
    step: (text) => stream.write(`${erase}${since()}  ${text}\n`),
    say: (text) => {
      if (stream.isTTY) stream.write(`${erase}${since()}    ${text}`);
    },
    end: () => stream.write(erase),
  };
}
