// The simulated Kotak: everything it remembers, on the clock, the faults and the log that it shares with Kite.
import { randomInt } from 'node:crypto';
import { BoundedMap } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import { dayInIndia } from '../india-time.ts';
import type { Settings } from '../options.ts';
import { hexToken } from '../random.ts';
import { RateLimit } from '../rate-limit.ts';
import { KotakSessions } from './sessions.ts';
import { type KotakUser, kotakApp } from './users.ts';

const appTokenSeconds = 3_600;
const oneTimeTokenMinutes = 5;
const mostMessages = 100;

/** A message to a user's phone, as the control page shows it. */
export interface Message {
  readonly at: number;
  readonly userId: string;
  /** The phone, masked as the API masks it. */
  readonly to: string;
  readonly accessCode: string;
}

/** The state behind Kotak's endpoints. Instants are milliseconds since 1970 UTC on the simulator's clock. */
export class Kotak {
  readonly clock: Clock;
  readonly sessions: KotakSessions;
  /** How many requests an app may still send in this second; Kotak's own limit is not established. */
  readonly rateLimit: RateLimit;
  #messages: Message[] = [];
  readonly #appTokens = new BoundedMap<string, number>(1_000);
  readonly #oneTimeTokens = new BoundedMap<string, { userId: string; issuedAt: number }>(10_000);
  readonly #codes = new Map<string, { readonly day: number; readonly code: string }>();
  readonly #wrongTries = new Map<string, number>();

  constructor(settings: Settings, clock: Clock) {
    this.clock = clock;
    this.rateLimit = new RateLimit(settings.rateLimit);
    this.sessions = new KotakSessions(clock.now());
  }

  /** The messages so far, oldest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** A new access token of the app, and for how many seconds it is good. */
  issueAppToken(): { readonly token: string; readonly seconds: number } {
    const token = hexToken().toLowerCase();
    this.#appTokens.set(token, this.clock.now() + appTokenSeconds * 1_000);
    return { token, seconds: appTokenSeconds };
  }

  /** Whether an access token of the app is good. */
  isAppToken(token: string): boolean {
    const expiresAt = this.#appTokens.get(token);
    if (expiresAt === undefined) return token === kotakApp.accessToken;
    return this.clock.now() < expiresAt;
  }

  /** A one-time token for a user whose password was right. */
  issueOneTimeToken(userId: string): string {
    const token = hexToken();
    this.#oneTimeTokens.set(token, { userId, issuedAt: this.clock.now() });
    return token;
  }

  /** Whether a one-time token is good for a user. How long Kotak accepts one is not established. */
  isOneTimeToken(token: string, userId: string): boolean {
    const grant = this.#oneTimeTokens.get(token);
    if (grant?.userId !== userId) return false;
    return this.clock.now() - grant.issuedAt < oneTimeTokenMinutes * 60_000;
  }

  /** Uses a one-time token up. */
  spendOneTimeToken(token: string): void {
    this.#oneTimeTokens.delete(token);
  }

  /** The user's access code of the day. */
  codeOf(userId: string): string {
    const day = dayInIndia(this.clock.now());
    const known = this.#codes.get(userId);
    if (known?.day === day) return known.code;
    const code = String(randomInt(1_000, 10_000));
    this.#codes.set(userId, { day, code });
    return code;
  }

  /** Sends the access code of the day to the user's phone. */
  sendCode({ userId }: KotakUser): void {
    const accessCode = this.codeOf(userId);
    this.#messages.push({ at: this.clock.now(), userId, to: maskedPhone(userId), accessCode });
    this.#messages = this.#messages.slice(-mostMessages);
  }

  /** Whether the account is locked. */
  isLocked({ userId, triesBeforeLock }: KotakUser): boolean {
    return triesBeforeLock !== null && (this.#wrongTries.get(userId) ?? 0) >= triesBeforeLock;
  }

  /** A wrong password or code was tried. */
  countWrongTry({ userId }: KotakUser): void {
    this.#wrongTries.set(userId, (this.#wrongTries.get(userId) ?? 0) + 1);
  }

  /** Forgets the wrong tries of a user, and so unlocks the account. */
  forgetWrongTries(userId: string): void {
    this.#wrongTries.delete(userId);
  }

  /** Restores the initial state. */
  reset(): void {
    this.#messages = [];
    for (const memory of [this.#appTokens, this.#oneTimeTokens, this.#codes, this.#wrongTries]) {
      memory.clear();
    }
    this.sessions.reset(this.clock.now());
    this.rateLimit.clear();
  }
}

/** A user's phone as the API shows it. */
export function maskedPhone(userId: string): string {
  return `XXXXXXX8${userId.slice(-2)}`;
}
