// Work that is waited for no longer than some time.

/** What {@link within} rejects with where work takes too long. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/**
 * Waits for work for so many milliseconds; then it rejects with a {@link LateError}, and what comes of the work has no
 * effect here.
 * @param work or what begins it: its signal fires when it is late, so that what has not gone out by then need not.
 */
export function within<Value>(
  milliseconds: number,
  work: Promise<Value> | ((late: AbortSignal) => Promise<Value>),
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = new AbortController();
    let isOver = false;
    const end = () => {
      if (isOver) return;
      reject(new LateError('No answer in time'));
      late.abort();
    };
    // What came while this process was busy is read first.
    const timer = setTimeout(() => setImmediate(end), milliseconds);
    const running = typeof work === 'function' ? work(late.signal) : work;
    running.then(resolve, reject).finally(() => {
      isOver = true;
      clearTimeout(timer);
    });
  });
}
