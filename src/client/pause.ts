// Waits between two attempts.

/**
 * Milliseconds to wait after so many failures in a row: a second at most after the first, then twice as long each time.
 * Each client waits for another time.
 */
export function backoffMilliseconds(failures: number, maxSeconds: number): number {
  const seconds = Math.min(2 ** (failures - 1), maxSeconds);
  return Math.round(seconds * 1_000 * (0.5 + Math.random() / 2));
}

/** Milliseconds for which a stream stays open until its earlier failures no longer count. */
export const stableMilliseconds = 10_000;

/** The longest that a timer can wait, in milliseconds, 24 days: a longer one would end at once. */
const longestTimer = 2 ** 31 - 1;

/**
 * Waits; ends early when the signal is aborted.
 * @param asked the milliseconds that the gateway asked for; when the browser is online again, the rest is not waited for.
 */
export function pause(
  milliseconds: number,
  signal?: AbortSignal,
  asked: number = milliseconds,
): Promise<void> {
  return new Promise((resolve) => {
    const start = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      globalThis.removeEventListener?.('online', shorten);
      resolve();
    };
    const waitFor = (wait: number) => {
      clearTimeout(timer);
      timer = setTimeout(done, Math.min(wait, longestTimer));
    };
    const shorten = () => waitFor(asked - (performance.now() - start));
    signal?.addEventListener('abort', done);
    globalThis.addEventListener?.('online', shorten);
    if (signal?.aborted) done();
    else waitFor(milliseconds);
  });
}
