// A call to Kite that several may wait for. It ends when it is answered, or when the last of them has gone.
import { abortedBy, BrokerError } from '../brokers/error.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import { type Cancellable, Cancellation, isDeadline } from '../cancellation.ts';

/**
 * One call on behalf of everybody who waits for it. It takes the turn of the operation that began it, and may wait
 * for that turn as long as the most patient of them; once sent, it has Kite's time limit to itself.
 */
export class SharedCall<T> implements Operation {
  readonly id: symbol;
  readonly callerId: string;
  readonly requestId: string | undefined;
  /** What comes of it. Rejects with BrokerError. */
  readonly outcome: Promise<T>;
  /** It is one of the opener's calls. */
  readonly admit: (() => boolean) | undefined;
  readonly #onDeserted: () => void;
  readonly #tellOpener: (() => void) | undefined;
  #deadlineAt = 0;
  #waiting = 0;
  #hasBegun = false;
  #secondsUntilTurn = () => 1;

  /**
   * @param opener whose turn it takes, and who is told when it has it.
   * @param ask makes the call; called at once.
   * @param onDeserted called when the last one leaves, just before the call is aborted: nobody may join it then.
   */
  constructor(
    opener: Operation,
    ask: (operation: Operation) => Promise<T>,
    onDeserted: () => void,
  ) {
    this.id = opener.id;
    this.callerId = opener.callerId;
    this.requestId = opener.requestId;
    this.admit = opener.admit;
    this.#deadlineAt = opener.deadlineAt;
    this.#onDeserted = onDeserted;
    this.#tellOpener = opener.begun;
    this.outcome = ask(this);
  }

  /** Fires when no operation waits any more, for the reason of the last one. */
  readonly signal = new Cancellation();

  /** The latest deadline of all who wait or waited. */
  get deadlineAt(): number {
    return this.#deadlineAt;
  }

  readonly begun = (): void => {
    this.#hasBegun = true;
    this.#tellOpener?.();
  };

  readonly queued = (secondsUntilTurn: () => number): void => {
    this.#secondsUntilTurn = secondsUntilTurn;
  };

  /** Waits for the outcome until the operation ends, which is then the end of this waiting alone. */
  join({ signal, deadlineAt }: Operation): Promise<T> {
    if (signal.aborted) return Promise.reject(abortedBy(signal, false));
    this.#waiting += 1;
    if (deadlineAt > this.#deadlineAt) this.#deadlineAt = deadlineAt;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting -= 1;
        if (this.#waiting > 0) reject(this.#unfinished(signal));
        else {
          this.#onDeserted();
          this.signal.abort(signal.reason);
        }
      };
      signal.addEventListener('abort', leave, { once: true });
      this.outcome.then(
        (value) => {
          signal.removeEventListener('abort', leave);
          resolve(value);
        },
        (error: unknown) => {
          signal.removeEventListener('abort', leave);
          reject(error);
        },
      );
    });
  }

  #unfinished(signal: Cancellable): BrokerError {
    return isDeadline(signal) && !this.#hasBegun
      ? new BrokerError('rate-limited', {
          retryAfterSeconds: this.#secondsUntilTurn(),
          mayHaveReachedBroker: false,
        })
      : abortedBy(signal, this.#hasBegun);
  }
}
