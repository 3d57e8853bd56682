// Whether the time of day can be trusted enough to delete what has expired: a clock that jumps and comes back must
// not end a session.
import { clockSettling, clockTolerance } from '../policy.ts';

/**
 * Compares the time of day with a clock that only runs forward.
 * @param monotonic milliseconds of a clock that cannot be set.
 * @returns called with the time of day; true where both have advanced alike for ten minutes.
 */
export function createClockCheck(monotonic: () => number): (now: number) => boolean {
  let offset = Number.NaN;
  let agreedSince = 0;
  return (now) => {
    const elapsed = monotonic();
    if (!(Math.abs(now - elapsed - offset) <= clockTolerance)) {
      offset = now - elapsed;
      agreedSince = elapsed;
    }
    return elapsed - agreedSince >= clockSettling;
  };
}
