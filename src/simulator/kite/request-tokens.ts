// Request tokens: what a login hands to the app, good for one exchange within five minutes.
import { BoundedMap } from '../bounded-map.ts';
import { randomToken } from '../random.ts';

const lifetime = 5 * 60_000;

interface Grant {
  readonly apiKey: string;
  readonly userId: string;
  readonly issuedAt: number;
}

/** The request tokens that are out. Instants are milliseconds since 1970 UTC on the simulator's clock. */
export class RequestTokens {
  readonly #grants = new BoundedMap<string, Grant>(100_000);

  /** Issues a token to an app for a user who has just logged in. */
  issue(apiKey: string, userId: string, now: number): string {
    const token = randomToken();
    this.#grants.set(token, { apiKey, userId, issuedAt: now });
    return token;
  }

  /** The user a token was issued for, whether or not it is still good; null for a token that is unknown or used. */
  userOf(token: string): string | null {
    return this.#grants.get(token)?.userId ?? null;
  }

  /** Uses a token up: its user, or null where it is unknown, used, too old, or another app's (whose it stays). */
  redeem(token: string, apiKey: string, now: number): string | null {
    const grant = this.#grants.get(token);
    if (grant?.apiKey !== apiKey) return null;
    this.#grants.delete(token);
    return now - grant.issuedAt < lifetime ? grant.userId : null;
  }

  /** Forgets the tokens of one user. */
  endAllOf(userId: string): void {
    for (const [token, grant] of this.#grants) {
      if (grant.userId === userId) this.#grants.delete(token);
    }
  }

  /** Forgets every token. */
  clear(): void {
    this.#grants.clear();
  }
}
