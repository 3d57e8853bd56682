// Says in the log which origins were refused, so that an operator whose page gets no answer finds out why.
import type { Logger } from 'pino';
import type { Limits } from '../limits.ts';
import type { Origins } from './origins.ts';
import type { RequestTracker } from './request-tracker.ts';

/** Characters of an Origin header that are logged; the header may hold anything. */
const longestOrigin = 200;

/** Logs the Origin of a request that may not use a keyring, each once. */
export function createOriginLog(
  { isTrusted }: Origins,
  track: RequestTracker,
  { loggedOrigins }: Limits,
  log: Logger,
): (request: Request) => void {
  const logged = new Set<string>();
  return (request) => {
    const sent = request.headers.get('origin');
    if (sent === null || isTrusted(sent)) return;
    const origin = sent.slice(0, longestOrigin);
    if (logged.size >= loggedOrigins || logged.has(origin)) return;
    logged.add(origin);
    log.warn(
      { requestId: track(request).id, code: 'UNAUTHENTICATED', origin },
      'Refused the keyring to a page of this origin: see ALLOWED_ORIGINS',
    );
  };
}
