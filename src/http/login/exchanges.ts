// The last steps of logins that go on, and of those that were completed a short time ago: the same request again joins them.

import type { LoginFailure } from '../../browser-keyring.ts';
import type { Limits } from '../../limits.ts';
import type { Kept } from './kept-session.ts';
import type { FoundLogin } from './pending-logins.ts';

/** The last step of a login. */
export interface Exchange {
  readonly outcome: Promise<Kept | LoginFailure>;
  readonly returnTo: string | null;
  /** When it was over; null while it goes on. */
  endedAt: number | null;
}

/** Exchanges by login id. */
export interface Exchanges {
  find(loginId: string): Exchange | undefined;
  /** Begins one; it is forgotten at once where its outcome is a failure. */
  begin(loginId: string, login: FoundLogin, outcome: Promise<Kept | LoginFailure>): Exchange;
  /** Whether a login that was completed then still counts as the same. @param at in milliseconds since the epoch. */
  isRecent(at: number): boolean;
}

/** Remembers exchanges for `completedLoginSeconds`, and `completedLogins` at most. */
export function createExchanges(
  limits: Pick<Limits, 'completedLoginSeconds' | 'completedLogins'>,
  now: () => Date,
): Exchanges {
  /** Those that were completed are behind one another, the oldest first. */
  const exchanges = new Map<string, Exchange>();

  function isRecent(at: number): boolean {
    return now().getTime() - at < limits.completedLoginSeconds * 1_000;
  }

  function forgetOld(): void {
    for (const [id, { endedAt }] of exchanges) {
      if (endedAt === null) continue;
      if (isRecent(endedAt) && exchanges.size <= limits.completedLogins) return;
      exchanges.delete(id);
    }
  }

  return {
    find: (loginId) => exchanges.get(loginId),
    begin(loginId, login, outcome) {
      forgetOld();
      const begun: Exchange = { outcome, returnTo: login.returnTo, endedAt: null };
      exchanges.set(loginId, begun);
      const end = (result: Kept | LoginFailure | null) => {
        exchanges.delete(loginId);
        if (result === null || 'reason' in result) return;
        // Put back at the end: the map is in the order in which they ended.
        begun.endedAt = now().getTime();
        exchanges.set(loginId, begun);
      };
      outcome.then(end, () => end(null));
      return begun;
    },
    isRecent,
  };
}
