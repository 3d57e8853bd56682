// Waits between two attempts.

/**
 * Milliseconds to wait after so many failures in a row: a second at most after the first, then twice as long each time.
 * Each client waits for another time.
 */
export function backoffMilliseconds(failures: number, maxSeconds: number): number {
  const seconds = Math.min(2 ** (failures - 1), maxSeconds);
  return Math.round(seconds * 1_000 * (0.5 + Math.random() / 2));
}

/** The longest that a timer can wait, in milliseconds, 24 days: a longer one would end at once. */
const longestTimer = 2 ** 31 - 1;

/** Waits; ends early when the signal is aborted, and when the browser is online again. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      globalThis.removeEventListener?.('online', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, longestTimer));
    signal?.addEventListener('abort', done);
    globalThis.addEventListener?.('online', done);
    if (signal?.aborted) done();
  });
}
