// When an operation is let in. First it waits for its turn: operations that arrive together begin in turns of their
// callers, a few milliseconds of them in each turn of the event loop, so that other work is done in between. Then it is
// refused if the gateway already answers as many accounts as it can.
import { GraphQLError } from 'graphql';
import type { Limits } from '../../limits.ts';
import { addTo } from '../../shared/counts.ts';

/** The turns of a gateway. */
export class ExecutionTurns {
  readonly #turnMilliseconds: number;
  readonly #milliseconds: () => number;
  /** Operations that wait, by caller; the caller whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #turnBegan = 0;
  #isTurnKnown = false;

  /**
   * @param turnMilliseconds of one turn of the event loop in which operations may begin.
   * @param milliseconds a clock that never jumps.
   */
  constructor(turnMilliseconds: number, milliseconds: () => number = () => performance.now()) {
    this.#turnMilliseconds = turnMilliseconds;
    this.#milliseconds = milliseconds;
  }

  /** Waits for a turn of the caller; undefined where it is now, as it is on a gateway that has time. */
  take(callerId: string): Promise<void> | undefined {
    const now = this.#milliseconds();
    if (!this.#isTurnKnown) {
      this.#isTurnKnown = true;
      this.#turnBegan = now;
      setImmediate(this.#nextTurn);
    }
    if (this.#waiting.size === 0 && now - this.#turnBegan < this.#turnMilliseconds)
      return undefined;
    return new Promise((resolve) => {
      const own = this.#waiting.get(callerId);
      if (own === undefined) this.#waiting.set(callerId, [resolve]);
      else own.push(resolve);
    });
  }

  /** One waiting operation begins in each turn of the loop: what it does first is done before the next one is let in. */
  readonly #nextTurn = (): void => {
    this.#turnBegan = this.#milliseconds();
    const [next] = this.#waiting;
    this.#isTurnKnown = next !== undefined;
    if (next === undefined) return;
    const [callerId, operations] = next;
    const begin = operations.shift();
    this.#waiting.delete(callerId);
    if (operations.length > 0) this.#waiting.set(callerId, operations);
    setImmediate(this.#nextTurn);
    begin?.();
  };
}

/** The accounts at once, and what of them is kept for small operations. */
type LoadLimits = Pick<
  Limits,
  'accountsAtOnce' | 'smallOperationAccounts' | 'smallOperationPercent'
>;

/** The accounts of all operations that are being answered. */
export class AccountLoad {
  readonly #limits: LoadLimits;
  readonly #byCaller = new Map<string, number>();
  #accounts = 0;
  /** Milliseconds that operations have taken lately, which is when there may be room again. */
  #usualDuration = 1_000;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  /**
   * Takes an operation in; the function that it gives is to be called once, when the operation is over. A caller that
   * has less than its share is refused only when there is twice as much as may be. Strangers with many addresses make
   * all shares tiny: so a few accounts are always the share of a browser that is logged in.
   * @throws RATE_LIMITED, with HTTP 503 and Retry-After.
   */
  enter(callerId: string, accounts: number, isLoggedIn = false): () => void {
    const own = (this.#byCaller.get(callerId) ?? 0) + accounts;
    const all = this.#accounts + accounts;
    const { accountsAtOnce, smallOperationAccounts, smallOperationPercent } = this.#limits;
    const isSmall = accounts <= smallOperationAccounts;
    const max = isSmall ? accountsAtOnce : (accountsAtOnce * (100 - smallOperationPercent)) / 100;
    const callers = this.#byCaller.size + (this.#byCaller.has(callerId) ? 0 : 1);
    const share = Math.max(max / callers, isLoggedIn ? smallOperationAccounts : 0);
    // A single operation is answered whatever the bound.
    if (this.#accounts > 0 && all > max && (own > share || all > 2 * max)) {
      throw this.#refusal();
    }
    this.#count(callerId, accounts);
    const begunAt = performance.now();
    return () => {
      this.#count(callerId, -accounts);
      if (!isSmall) {
        this.#usualDuration += (performance.now() - begunAt - this.#usualDuration) / 10;
      }
    };
  }

  #count(callerId: string, change: number): void {
    this.#accounts += change;
    addTo(this.#byCaller, callerId, change);
  }

  #refusal(): GraphQLError {
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#usualDuration / 1_000));
    const headers = { 'retry-after': String(retryAfterSeconds) };
    const message =
      'The gateway is answering as many accounts as it can: ask again after `retryAfterSeconds`.';
    return new GraphQLError(message, {
      extensions: {
        code: 'RATE_LIMITED',
        retryable: true,
        retryAfterSeconds,
        http: { status: 503, headers },
      },
    });
  }
}
