// The rate budget: a call starts when its app's window has room, when not too many are under way, and when it is
// its operation's turn; until then it waits here, and no longer than its operation may.
import { abortedBy, KiteError } from './error.ts';
import { Line, type Waiter } from './line.ts';
import { isDeadline, type Operation } from './operation.ts';
import type { RateLog, Start } from './rate-log.ts';
import type { Transport } from './transport.ts';

/** How much may go on at once. */
export interface BudgetOptions {
  /** Which calls have started lately. */
  readonly log: RateLog;
  /** The most calls under way at once, over all apps; each may hold a connection. Default 256. */
  readonly mostUnderWay?: number;
  /** The most calls of one app that may wait: twice a thousand accounts with two calls each. Default 4000. */
  readonly mostWaitingPerApp?: number;
  /** The most calls that may wait. Default 20000. */
  readonly mostWaiting?: number;
}

/** What a 429 closes the window for where Kite does not say, and the longest that is believed, in milliseconds. */
const closing = { usual: 1_000, longest: 60_000 };

/**
 * A transport whose calls start within the budget. Exchange, renewal and logout (all but GET) go first.
 * @throws KiteError `rate-limited`, with `retryAfterSeconds`, for a call that had no turn before its operation's
 * deadline: at once where that is certain, or where too many wait already. It has not reached Kite.
 */
export function budgeted(send: Transport, options: BudgetOptions): Transport {
  const budget = new Budget(options);
  return async (request, operation, onSent) => {
    const { apiKey } = request;
    const entered = budget.enter(apiKey, request.method !== 'GET', operation);
    const start = entered instanceof Promise ? await entered : entered;
    operation.begun?.();
    try {
      const response = await send(request, operation, () => {
        start.sent();
        onSent?.();
      });
      if (response.status === 429) {
        const asked = (response.retryAfterSeconds ?? 0) * 1_000;
        const time = Math.min(Math.max(asked, closing.usual), closing.longest);
        options.log.close(apiKey, time);
      }
      return response;
    } finally {
      start.ended();
      budget.leave();
    }
  };
}

interface WaitingCall extends Waiter {
  readonly go: (start: Start) => void;
  readonly refuse: (error: KiteError) => void;
}

/** The line of one app. It is being served, or waits for a timer, or for a call of any app to end; or it is gone. */
interface AppLine {
  readonly apiKey: string;
  readonly waiting: Line<WaitingCall>;
  isServed: boolean;
  timer: NodeJS.Timeout | undefined;
  /** When the window has room again, as far as is known; in milliseconds of `performance.now()`. */
  opensAt: number;
}

class Budget {
  readonly #log: RateLog;
  readonly #most: { underWay: number; waitingPerApp: number; waiting: number };
  readonly #lines = new Map<string, AppLine>();
  /** Lines that could go on if only fewer calls were under way; they take turns. */
  readonly #stalled = new Set<AppLine>();
  #underWay = 0;
  #waiting = 0;

  constructor(options: BudgetOptions) {
    const { log, mostUnderWay = 256, mostWaitingPerApp = 4_000, mostWaiting = 20_000 } = options;
    this.#log = log;
    this.#most = { underWay: mostUnderWay, waitingPerApp: mostWaitingPerApp, waiting: mostWaiting };
  }

  /** Takes a call in: it starts now, or when the promise says so. Each that starts must {@link leave}. */
  enter(apiKey: string, isUrgent: boolean, operation: Operation): Start | Promise<Start> {
    if (operation.signal.aborted) throw abortedBy(operation.signal, false);
    const known = this.#lines.get(apiKey);
    if (known !== undefined) return this.#wait(known, isUrgent, operation);
    if (this.#underWay >= this.#most.underWay) {
      const line = this.#open(apiKey);
      this.#stalled.add(line);
      return this.#wait(line, isUrgent, operation);
    }
    // The usual case, and the quick one: nobody waits, and there is room.
    this.#underWay += 1;
    const answer = this.#log.start(apiKey);
    if (typeof answer === 'object' && 'sent' in answer) return answer;
    const line = this.#open(apiKey);
    const turn = this.#wait(line, isUrgent, operation);
    void this.#serve(line, answer);
    return turn;
  }

  /** A call has ended, well or badly. */
  leave(): void {
    this.#underWay -= 1;
    const [line] = this.#stalled;
    if (line === undefined) return;
    this.#stalled.delete(line);
    void this.#serve(line);
  }

  /** @param asked the log's answer, where it was asked already, and counted as under way. */
  async #serve(line: AppLine, asked?: ReturnType<RateLog['start']>): Promise<void> {
    line.isServed = true;
    let pending = asked;
    while (pending !== undefined || line.waiting.size > 0) {
      if (pending === undefined) {
        if (this.#underWay >= this.#most.underWay) {
          this.#stalled.add(line);
          break;
        }
        this.#underWay += 1;
        pending = this.#log.start(line.apiKey);
      }
      const answer = await pending;
      pending = undefined;
      if (typeof answer === 'number') {
        this.leave();
        this.#closeFor(line, answer);
        break;
      }
      const call = line.waiting.next();
      if (call !== undefined) call.go(answer);
      else {
        // Whoever it was for left while the log was asked. It must not count as on its way for ever.
        answer.ended();
        this.leave();
      }
    }
    line.isServed = false;
    this.#dropIfIdle(line);
  }

  #closeFor(line: AppLine, milliseconds: number): void {
    line.opensAt = performance.now() + milliseconds;
    line.timer = setTimeout(() => {
      line.timer = undefined;
      void this.#serve(line);
    }, milliseconds);
    for (const { operation, refuse } of line.waiting) {
      if (operation.deadlineAt < line.opensAt) refuse(noTurn(milliseconds));
    }
  }

  #wait(line: AppLine, isUrgent: boolean, operation: Operation): Promise<Start> {
    const { waiting } = line;
    const untilOpen = line.opensAt - performance.now();
    if (line.opensAt > operation.deadlineAt) return Promise.reject(noTurn(untilOpen));
    if (waiting.size >= this.#most.waitingPerApp || this.#waiting >= this.#most.waiting) {
      return Promise.reject(noTurn((waiting.size / this.#log.limit) * 1_000));
    }
    const { signal } = operation;
    return new Promise((resolve, reject) => {
      const over = () => {
        signal.removeEventListener('abort', depart);
        this.#waiting -= 1;
      };
      const refuse = (error: KiteError) => {
        waiting.delete(call);
        over();
        reject(error);
        this.#dropIfIdle(line);
      };
      const depart = () =>
        refuse(isDeadline(signal) ? this.#tooLate(line, operation) : abortedBy(signal, false));
      const go = (start: Start) => {
        over();
        resolve(start);
      };
      const call: WaitingCall = { operation, isUrgent, go, refuse };
      waiting.add(call);
      this.#waiting += 1;
      signal.addEventListener('abort', depart, { once: true });
    });
  }

  /** By the time it names, all others that wait now have had their turns: an operation asked again then has the next. */
  #tooLate({ waiting, opensAt }: AppLine, operation: Operation): KiteError {
    const others = (waiting.othersThan(operation) / this.#log.limit) * 1_000;
    return noTurn(Math.max(others, opensAt - performance.now()));
  }

  #open(apiKey: string): AppLine {
    const line: AppLine = {
      apiKey,
      waiting: new Line(),
      isServed: false,
      timer: undefined,
      opensAt: 0,
    };
    this.#lines.set(apiKey, line);
    return line;
  }

  /** Nothing stays behind of an app for which nobody waits. */
  #dropIfIdle(line: AppLine): void {
    if (line.isServed || line.waiting.size > 0) return;
    clearTimeout(line.timer);
    this.#stalled.delete(line);
    this.#lines.delete(line.apiKey);
  }
}

function noTurn(milliseconds: number): KiteError {
  const retryAfterSeconds = Math.max(1, Math.ceil(milliseconds / 1_000));
  return new KiteError('rate-limited', { retryAfterSeconds, mayHaveReachedKite: false });
}
