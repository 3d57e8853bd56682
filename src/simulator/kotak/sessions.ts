// The sessions of Kotak's users: good until the day in India is over.
import { BoundedMap } from '../bounded-map.ts';
import { dayInIndia } from '../india-time.ts';
import { hexToken } from '../random.ts';
import { kotakUsers, standingSession } from './users.ts';

interface Session {
  readonly userId: string;
  readonly day: number;
}

/** All sessions by their tokens. Instants are milliseconds since 1970 UTC. */
export class KotakSessions {
  readonly #sessions = new BoundedMap<string, Session>(100_000);
  /** The owners of ended sessions, for the log. */
  readonly #owners = new BoundedMap<string, string>(100_000);

  /** @param now when the standing sessions count as begun. */
  constructor(now: number) {
    this.reset(now);
  }

  /** Begins a session. Whether Kotak ends an earlier one then is not established. */
  open(userId: string, now: number): string {
    const token = hexToken().toLowerCase();
    this.#set(token, userId, now);
    return token;
  }

  /** The user of a session; null where it is unknown or over. */
  userOf(token: string, now: number): string | null {
    const session = this.#sessions.get(token);
    return session?.day === dayInIndia(now) ? session.userId : null;
  }

  /** The user a token names, whether or not it is still good. */
  ownerOf(token: string): string | null {
    return this.#owners.get(token) ?? null;
  }

  /** Ends a session. */
  end(token: string): void {
    this.#sessions.delete(token);
  }

  /** Ends every session of a user. */
  endAllOf(userId: string): void {
    for (const [token, session] of this.#sessions) {
      if (session.userId === userId) this.#sessions.delete(token);
    }
  }

  /** Forgets every session, and begins the standing ones anew. */
  reset(now: number): void {
    this.#sessions.clear();
    this.#owners.clear();
    for (const { userId } of kotakUsers) this.#set(standingSession(userId), userId, now);
  }

  #set(token: string, userId: string, now: number): void {
    this.#sessions.set(token, { userId, day: dayInIndia(now) });
    this.#owners.set(token, userId);
  }
}
