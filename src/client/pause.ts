// Waits between two attempts.

/**
 * Milliseconds to wait after so many failures in a row: a second at most after the first, then twice as long each time.
 * Each client waits for another time.
 */
export function backoffMilliseconds(failures: number, maxSeconds: number): number {
  const seconds = Math.min(2 ** (failures - 1), maxSeconds);
  return Math.round(seconds * 1_000 * (0.5 + Math.random() / 2));
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
