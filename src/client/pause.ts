// Waits between two attempts.

const first = 1_000;
const longest = 30_000;

/** Milliseconds to wait after so many failures in a row: they grow, and each client has others. */
export function backoffMilliseconds(failures: number): number {
  const most = Math.min(first * 2 ** (failures - 1), longest);
  return Math.round(most * (0.5 + Math.random() / 2));
}

/** Waits; ends early when the signal is aborted, and when the browser is online again. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      globalThis.removeEventListener?.('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
    globalThis.addEventListener?.('online', done);
    if (signal?.aborted) done();
  });
}
