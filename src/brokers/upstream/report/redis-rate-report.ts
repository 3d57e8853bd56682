// What the log says when the count of the rate limit in Redis is lost, and when it is found again.
import type { Logger } from 'pino';
import type { RateLogOptions } from '../budget/rate-log/open-rate-log.ts';

/** Reports to a log whether the rate limit is counted in Redis. */
export function logReachability(log: Logger): RateLogOptions['onReachable'] {
  return ({ isReachable, cause, ...shared }) => {
    if (isReachable) log.info(shared, 'The rate limit is counted in Redis again');
    else {
      log.warn(
        { ...shared, cause },
        'Redis does not answer: this process makes no calls for some seconds, then those of its share of the rate limit',
      );
    }
  };
}
