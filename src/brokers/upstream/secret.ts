// A value that must never be printed: tokens, app secrets, checksums.
import { inspect } from 'node:util';

const redacted = '[redacted]';

const tokenPattern = /^[A-Za-z0-9._-]{1,128}$/;

/** Whether a text can be a broker's token: anything else never reaches the broker. */
export function isWellFormedToken(token: Secret): boolean {
  return tokenPattern.test(token.reveal());
}

/**
 * Holds a secret string so that logs, JSON, templates and debuggers show `[redacted]`.
 * Only {@link Secret.reveal} gives the value, and only the line that sends it should ask.
 */
export class Secret {
  readonly #value: string;

  /** @param value the secret itself; kept in a private field that nothing enumerates. */
  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#value;
  }

  /** `[redacted]`, for templates and string concatenation. */
  toString(): string {
    return redacted;
  }

  /** `[redacted]`, for JSON. */
  toJSON(): string {
    return redacted;
  }

  /** `[redacted]`, for `console.log` and debuggers. */
  [inspect.custom](): string {
    return redacted;
  }
}
