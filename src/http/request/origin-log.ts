// Says in the log which origins were refused, so that an operator whose page gets no answer finds out why.
import type { Logger } from 'pino';
import { type Clock, machineClock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type { AuditLog } from '../../shared/audit.ts';
import type { Origins } from './origins.ts';
import type { RequestTracker } from './request-tracker.ts';

/** An origin as a browser sends it. The header may hold anything, and anything else has no place in a log. */
const plainOrigin = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Logs the Origin of a request or a preflight that may not use a keyring, and its client address; each once in a time. */
export function createOriginLog(
  { isTrusted }: Origins,
  track: RequestTracker,
  { loggedOrigins, loggedOriginCharacters, loggedOriginMinutes }: Limits,
  log: Logger,
  audit: AuditLog,
  clock: Clock = machineClock,
): (request: Request, address: string | null) => void {
  const logged = new Set<string>();
  let isFullTold = false;
  let begunAt = clock.milliseconds();
  return (request, address) => {
    const sent = request.headers.get('origin');
    if (sent === null || isTrusted(sent)) return;
    const isPlain =
      sent === 'null' || (sent.length <= loggedOriginCharacters && plainOrigin.test(sent));
    // All others count as one.
    const origin = isPlain ? sent : 'not an origin';
    // Invented origins fill the set, and hide others no longer than this.
    if (clock.milliseconds() - begunAt >= loggedOriginMinutes * 60_000) {
      logged.clear();
      isFullTold = false;
      begunAt = clock.milliseconds();
    }
    if (logged.has(origin)) return;
    if (logged.size >= loggedOrigins) {
      // An operator who misses an origin is told why.
      if (!isFullTold) {
        log.warn(
          { loggedOrigins, loggedOriginMinutes },
          'More origins were refused than are named: others are not named for a time',
        );
      }
      isFullTold = true;
      return;
    }
    logged.add(origin);
    const requestId = track(request).id;
    audit.write({ event: 'origin', outcome: 'refused', requestId, address, origin });
    log.warn(
      { requestId, code: 'UNAUTHENTICATED', origin },
      'Refused the keyring to a page of this origin: add the origin to ALLOWED_ORIGINS to allow it',
    );
  };
}
