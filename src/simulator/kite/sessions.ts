// Access and refresh tokens: their users, and when each expires.
import { BoundedMap } from '../bounded-map.ts';
import { nextSixInIndia } from '../india-time.ts';
import { randomToken } from '../random.ts';
import { userNumberOf } from './users.ts';

/** What a login or a renewal hands out. */
export interface Tokens {
  /** Signs requests until 06:00 in India. */
  readonly accessToken: string;
  /** Renews the access token; empty for apps that are not given one. */
  readonly refreshToken: string;
}

interface Session {
  readonly apiKey: string;
  readonly userId: string;
  readonly expiresAt: number;
}

interface Renewal {
  readonly apiKey: string;
  readonly userId: string;
  accessToken: string;
}

/** The sessions of all users in all apps. Instants are milliseconds since 1970 UTC on the simulator's clock. */
export class Sessions {
  readonly #accounts: number;
  readonly #sessions = new BoundedMap<string, Session>(100_000);
  readonly #renewals = new BoundedMap<string, Renewal>(100_000);
  /** Standing tokens that were logged out, as `api_key:user_id`, or `user_id` alone for every app. */
  readonly #endedStanding = new Set<string>();
  #standingExpiresAt: number;

  /**
   * @param accounts How many users there are, each with a standing token.
   * @param now When the standing tokens count as issued.
   */
  constructor(accounts: number, now: number) {
    this.#accounts = accounts;
    this.#standingExpiresAt = nextSixInIndia(now);
  }

  /** Opens a session. Earlier ones stay: whether Kite ends them at a new login is not established. */
  open(apiKey: string, userId: string, now: number, withRefreshToken: boolean): Tokens {
    const accessToken = this.#issue(apiKey, userId, now);
    if (!withRefreshToken) return { accessToken, refreshToken: '' };
    const refreshToken = randomToken();
    this.#renewals.set(refreshToken, { apiKey, userId, accessToken });
    return { accessToken, refreshToken };
  }

  /** The user whose session a token is, or null where it is unknown, another app's, or dead. */
  userOf(apiKey: string, accessToken: string, now: number): string | null {
    const session = this.#sessions.get(accessToken);
    if (session !== undefined) {
      return session.apiKey === apiKey && now < session.expiresAt ? session.userId : null;
    }
    const userId = this.#standingUser(accessToken);
    if (userId === null || now >= this.#standingExpiresAt) return null;
    const ended = this.#endedStanding.has(userId) || this.#endedStanding.has(`${apiKey}:${userId}`);
    return ended ? null : userId;
  }

  /** The user a token names, whether or not it is still good; null for one that is unknown. */
  ownerOf(accessToken: string): string | null {
    return this.#sessions.get(accessToken)?.userId ?? this.#standingUser(accessToken);
  }

  /** Ends one session; false if it does not exist. */
  end(apiKey: string, accessToken: string, now: number): boolean {
    const userId = this.userOf(apiKey, accessToken, now);
    if (userId === null) return false;
    if (!this.#sessions.delete(accessToken)) this.#endedStanding.add(`${apiKey}:${userId}`);
    return true;
  }

  /** The user a refresh token is for, or null where it is unknown or another app's. */
  refreshUserOf(apiKey: string, refreshToken: string): string | null {
    const renewal = this.#renewals.get(refreshToken);
    return renewal?.apiKey === apiKey ? renewal.userId : null;
  }

  /** A new access token in place of the one before; null where the refresh token is unknown or another app's. */
  renew(apiKey: string, refreshToken: string, now: number): Tokens | null {
    const renewal = this.#renewals.get(refreshToken);
    if (renewal?.apiKey !== apiKey) return null;
    this.#sessions.delete(renewal.accessToken);
    renewal.accessToken = this.#issue(apiKey, renewal.userId, now);
    // The refresh token stays the same. Whether Kite issues a new one is not established.
    return { accessToken: renewal.accessToken, refreshToken };
  }

  /** Drops a refresh token and keeps its session; false if it does not exist. */
  dropRefreshToken(apiKey: string, refreshToken: string): boolean {
    if (this.refreshUserOf(apiKey, refreshToken) === null) return false;
    return this.#renewals.delete(refreshToken);
  }

  /** Ends everything one user has, in every app: a master logout. */
  endAllOf(userId: string): void {
    this.#endedStanding.add(userId);
    for (const tokens of [this.#sessions, this.#renewals]) {
      for (const [token, holder] of tokens) if (holder.userId === userId) tokens.delete(token);
    }
  }

  /** Forgets every session, and issues the standing tokens anew. */
  reset(now: number): void {
    this.#sessions.clear();
    this.#renewals.clear();
    this.#endedStanding.clear();
    this.#standingExpiresAt = nextSixInIndia(now);
  }

  #issue(apiKey: string, userId: string, now: number): string {
    const accessToken = randomToken();
    this.#sessions.set(accessToken, { apiKey, userId, expiresAt: nextSixInIndia(now) });
    return accessToken;
  }

  #standingUser(accessToken: string): string | null {
    if (!accessToken.endsWith('-token')) return null;
    const userId = accessToken.slice(0, -'-token'.length);
    return userNumberOf(userId, this.#accounts) === null ? null : userId;
  }
}
