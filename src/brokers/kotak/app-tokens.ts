// The access tokens of apps: configured, or made with the app's secret and replaced before they end.

import type { BrokerApp } from '../apps.ts';
import { abortedBy, BrokerError } from '../error.ts';
import { isRecord, malformed, requiredText } from '../field.ts';
import { Deadline, type Operation } from '../upstream/operation.ts';
import { Secret } from '../upstream/secret.ts';

/** What a token's answer says: the token, and for how many seconds it is good; null where it does not end. */
export interface MadeToken {
  readonly token: Secret;
  readonly seconds: number | null;
}

/** How tokens are made. */
export interface AppTokenOptions {
  /** Asks the broker for a token. @throws BrokerError */
  readonly make: (apiKey: string, apiSecret: Secret, operation: Operation) => Promise<MadeToken>;
  /** Milliseconds for making one, waiting included. */
  readonly timeoutMilliseconds: number;
  /** How many seconds before its end a token is replaced. */
  readonly renewalSeconds: number;
  readonly now: () => Date;
}

interface Held {
  readonly token: Secret;
  /** In milliseconds since the epoch. */
  readonly usedUntil: number;
}

/** The access tokens of all apps. */
export class AppTokens {
  readonly #options: AppTokenOptions;
  readonly #held = new Map<string, Held>();
  readonly #making = new Map<string, Promise<Secret>>();

  constructor(options: AppTokenOptions) {
    this.#options = options;
  }

  /**
   * The app's access token. However many wait for a new one, it is made once, and a caller that leaves does not undo it.
   * @throws BrokerError where it cannot be made, or not before the operation's deadline.
   */
  async tokenOf(
    { apiKey, accessToken, apiSecret }: BrokerApp,
    operation: Operation,
  ): Promise<Secret> {
    if (accessToken !== undefined) return accessToken;
    if (apiSecret === undefined) {
      const advice =
        'The app has neither an access token nor a secret. The operator has to set one.';
      throw new BrokerError('app-secret', { mayHaveReachedBroker: false, advice });
    }
    const held = this.#held.get(apiKey);
    if (held !== undefined && this.#options.now().getTime() < held.usedUntil) return held.token;
    // Its failure would have no operation that waits for it.
    if (operation.signal.aborted) throw abortedBy(operation.signal, false);
    const making = this.#making.get(apiKey) ?? this.#make(apiKey, apiSecret);
    return untilOver(making, operation);
  }

  /** The broker has refused a token: the next call makes another. */
  forget(apiKey: string, token: Secret): void {
    if (this.#held.get(apiKey)?.token === token) this.#held.delete(apiKey);
  }

  #make(apiKey: string, apiSecret: Secret): Promise<Secret> {
    const { make, timeoutMilliseconds, renewalSeconds, now } = this.#options;
    // An operation of its own: the one that happens to be first must not take the others along.
    const deadline = new Deadline(timeoutMilliseconds, 'gateway');
    const making = make(apiKey, apiSecret, deadline)
      .then(({ token, seconds }) => {
        // A token that ends sooner than it would be replaced is used for half of its time.
        const used =
          seconds === null ? Number.POSITIVE_INFINITY : usedSeconds(seconds, renewalSeconds);
        this.#held.set(apiKey, { token, usedUntil: now().getTime() + used * 1_000 });
        return token;
      })
      .finally(() => {
        deadline.end();
        this.#making.delete(apiKey);
      });
    this.#making.set(apiKey, making);
    // All that wait for it may leave before it fails.
    making.catch(() => {});
    return making;
  }
}

function usedSeconds(seconds: number, renewalSeconds: number): number {
  return Math.max(seconds - renewalSeconds, seconds / 2);
}

/** Waits for what goes on also without this operation, until the operation is over. */
function untilOver<T>(promise: Promise<T>, { signal }: Operation): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(abortedBy(signal, false));
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** Reads the answer of `POST /token`; null without a token. */
export function parseMadeToken(data: unknown): MadeToken | null {
  if (!isRecord(data)) return null;
  const token = requiredText(data.access_token);
  if (token === malformed || !/^[\x21-\x7e]{1,4096}$/.test(token)) return null;
  const { expires_in: seconds } = data;
  // A negative time is how the portal writes a token that lasts for ever.
  const ends = typeof seconds === 'number' && seconds >= 0;
  return { token: new Secret(token), seconds: ends ? seconds : null };
}
