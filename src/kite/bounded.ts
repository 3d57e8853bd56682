// A bound on how many calls are under way at once, so that memory and sockets stay flat whatever arrives.
import { abortedBy } from './error.ts';
import type { Transport } from './transport.ts';

/**
 * A transport that sends at most `most` requests at once and keeps the rest waiting, first come first served.
 * A caller that goes away leaves the queue at once. A call's own deadline begins when it is sent.
 */
export function bounded(send: Transport, most: number): Transport {
  let underWay = 0;
  const waiting = new Set<() => void>();

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    if (underWay < most) {
      underWay += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(go);
        reject(abortedBy(signal));
      };
      waiting.add(go);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  function next(): void {
    const [first] = waiting;
    if (first === undefined) underWay -= 1;
    else {
      waiting.delete(first);
      first();
    }
  }

  return async (request, signal) => {
    if (signal?.aborted) throw abortedBy(signal);
    await turn(signal);
    try {
      return await send(request, signal);
    } finally {
      next();
    }
  };
}
