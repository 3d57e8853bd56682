// The rate budget: a call starts when its app's window has room, when a slot is free for it, and when it is its
// caller's turn; until then it waits here, and no longer than its operation may.
import type { AcceptedCredentials } from './accepted-credentials.ts';
import { type Clock, machineClock } from './clock.ts';
import { digestOf } from './credential.ts';
import { abortedBy, KiteError } from './error.ts';
import { addTo, FairQueue, type LaneName, type QueuedCall } from './fair-queue.ts';
import { isDeadline, type Operation } from './operation.ts';
import type { RateLog, Start } from './rate-log.ts';
import { type SlotLimits, Slots } from './slots.ts';
import { StalledQueues } from './stalled-queues.ts';
import type { KiteRequest, Transport } from './transport.ts';

/** How much may go on at once. */
export interface BudgetLimits extends SlotLimits {
  /** The most calls of one caller that may wait, over all apps. */
  readonly waitingCallsPerCaller: number;
  /** The most calls of one app that may wait. */
  readonly waitingCallsPerApp: number;
  /** The most calls that may wait. */
  readonly waitingCalls: number;
}

/** What a budget is made from. */
export interface BudgetOptions {
  /** Which calls have started lately. */
  readonly log: RateLog;
  readonly limits: BudgetLimits;
  /** The credentials for which a share is kept. */
  readonly accepted: AcceptedCredentials;
  /** By which calls wait, and operations have their deadlines. Default: the machine's. */
  readonly clock?: Clock;
}

/** What a 429 or a 503 closes the window for where Kite does not say, and the longest that is believed, in milliseconds. */
const closing = { usual: 1_000, longest: 60_000 };

/**
 * A transport whose calls start within the budget. Callers take turns; exchanges and renewals have a lane of their own,
 * and a share is kept for credentials that have worked lately.
 * @throws KiteError `rate-limited`, with `retryAfterSeconds`, for a call that had no turn before its operation's
 * deadline: at once where that is certain, or where too many wait already. It has not reached Kite.
 */
export function budgeted(send: Transport, options: BudgetOptions): Transport {
  const { accepted, log } = options;
  const budget = new Budget(options);
  return async (request, operation, onSent) => {
    const { apiKey, credential } = request;
    const account = credential === undefined ? '' : digestOf(credential);
    const call = { operation, account, lane: laneOf(request, accepted.has(account)) };
    const entered = budget.enter(apiKey, call);
    const start = entered instanceof Promise ? await entered : entered;
    operation.begun?.();
    try {
      const response = await send(request, operation, () => {
        start.sent();
        onSent?.();
      });
      const { status, retryAfterSeconds } = response;
      if (status === 429 || (status === 503 && retryAfterSeconds !== null)) {
        const asked = (retryAfterSeconds ?? 0) * 1_000;
        const time = Math.min(Math.max(asked, closing.usual), closing.longest);
        log.close(apiKey, time);
      } else if (account !== '') {
        if (status === 403) accepted.delete(account);
        else if (status < 300 && request.method === 'GET') accepted.add(account);
      }
      return response;
    } finally {
      start.ended();
      budget.leave(call);
    }
  };
}

function laneOf({ method }: KiteRequest, isAccepted: boolean): LaneName {
  if (method === 'POST') return 'login';
  return isAccepted ? 'accepted' : 'other';
}

interface WaitingCall extends QueuedCall {
  readonly go: (start: Start) => void;
  readonly refuse: (error: KiteError) => void;
}

/** The queue of one app. It is being served, or waits for a timer, or for a call of any app to end; or it is gone. */
interface AppQueue {
  readonly apiKey: string;
  readonly waiting: FairQueue<WaitingCall>;
  isServed: boolean;
  timer: AbortController | undefined;
  /** When the window has room again, as far as is known; in milliseconds of the clock. */
  opensAt: number;
}

class Budget {
  readonly #log: RateLog;
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  readonly #slots: Slots;
  readonly #queues = new Map<string, AppQueue>();
  /** Queues with calls that could start if only a slot were free. */
  readonly #stalled = new StalledQueues<AppQueue>();
  readonly #waitingByCaller = new Map<string, number>();
  #waiting = 0;

  constructor({ log, limits, clock = machineClock }: BudgetOptions) {
    this.#log = log;
    this.#limits = limits;
    this.#clock = clock;
    this.#slots = new Slots(limits);
  }

  /** Takes a call in: it starts now, or when the promise says so. Each that starts must {@link leave}. */
  enter(apiKey: string, call: QueuedCall): Start | Promise<Start> {
    const { signal } = call.operation;
    if (signal.aborted) throw abortedBy(signal, false);
    const known = this.#queues.get(apiKey);
    if (known !== undefined) return this.#wait(known, call);
    if (!this.#slots.hasRoom || !this.#slots.isShare(call)) {
      return this.#wait(this.#open(apiKey), call);
    }
    // The usual case, and the quick one: no call waits, and there is room.
    this.#slots.reserve();
    const answer = this.#log.start(apiKey);
    if (typeof answer === 'object' && 'sent' in answer) {
      this.#slots.assign(call);
      return answer;
    }
    const queue = this.#open(apiKey);
    queue.isServed = true;
    const turn = this.#wait(queue, call);
    void this.#serve(queue, answer);
    return turn;
  }

  /** A call has ended, well or badly. */
  leave(call: QueuedCall): void {
    this.#slots.leave(call);
    this.#serveStalled();
  }

  #release(): void {
    this.#slots.release();
    this.#serveStalled();
  }

  #serveStalled(): void {
    if (!this.#slots.hasRoom) return;
    const queue = this.#stalled.take(({ waiting }) => waiting.canStart(this.#slots.isShare));
    if (queue !== undefined) void this.#serve(queue);
  }

  /** @param asked the log's answer, where it was asked already, and a slot reserved. */
  async #serve(queue: AppQueue, asked?: ReturnType<RateLog['start']>): Promise<void> {
    const { waiting } = queue;
    queue.isServed = true;
    let pending = asked;
    while (pending !== undefined || waiting.size > 0) {
      if (pending === undefined) {
        if (!this.#slots.hasRoom || !waiting.canStart(this.#slots.isShare)) {
          this.#stalled.add(queue, waiting.nextCaller() ?? '');
          break;
        }
        this.#slots.reserve();
        pending = this.#log.start(queue.apiKey);
      }
      const answer = await pending;
      pending = undefined;
      if (typeof answer === 'number') {
        this.#release();
        this.#closeFor(queue, answer);
        break;
      }
      const call = waiting.next(this.#slots.isShare);
      if (call !== undefined) {
        this.#slots.assign(call);
        call.go(answer);
      } else {
        // The call that it was for left while the log was asked. It must not count as on its way for ever.
        answer.ended();
        this.#release();
      }
    }
    queue.isServed = false;
    this.#dropIfIdle(queue);
  }

  #closeFor(queue: AppQueue, milliseconds: number): void {
    queue.opensAt = this.#clock.milliseconds() + milliseconds;
    const timer = new AbortController();
    queue.timer = timer;
    void this.#clock.wait(milliseconds, timer.signal).then(() => {
      if (queue.timer !== timer) return;
      queue.timer = undefined;
      void this.#serve(queue);
    });
    for (const call of queue.waiting) {
      if (call.operation.deadlineAt < queue.opensAt) call.refuse(this.#noTurn(queue, call));
    }
  }

  #wait(queue: AppQueue, queued: QueuedCall): Promise<Start> {
    const { waiting } = queue;
    const { operation } = queued;
    const { signal, callerId } = operation;
    if (queue.opensAt > operation.deadlineAt || this.#isFull(waiting, operation)) {
      const error = this.#noTurn(queue, queued);
      this.#dropIfIdle(queue);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const over = () => {
        signal.removeEventListener('abort', depart);
        this.#waiting -= 1;
        addTo(this.#waitingByCaller, callerId, -1);
      };
      const refuse = (error: KiteError) => {
        waiting.delete(call);
        over();
        reject(error);
        this.#dropIfIdle(queue);
      };
      const depart = () =>
        refuse(isDeadline(signal) ? this.#noTurn(queue, call) : abortedBy(signal, false));
      const go = (start: Start) => {
        over();
        resolve(start);
      };
      const call: WaitingCall = { ...queued, go, refuse };
      waiting.add(call);
      this.#waiting += 1;
      addTo(this.#waitingByCaller, callerId, 1);
      signal.addEventListener('abort', depart, { once: true });
      operation.queued?.(() => this.#secondsUntilTurn(queue, call));
      if (queue.isServed || queue.timer !== undefined) return;
      if (this.#slots.hasRoom && this.#slots.isShare(call)) {
        this.#stalled.delete(queue);
        void this.#serve(queue);
      } else this.#stalled.add(queue, waiting.nextCaller() ?? '');
    });
  }

  /**
   * Whether an operation's next call is refused. One of which calls wait already is let in whole; a caller that has less
   * than its share of what waits is refused only when there is twice as much as may be.
   */
  #isFull(waiting: FairQueue<WaitingCall>, operation: Operation): boolean {
    if (waiting.holds(operation)) return false;
    const { waitingCallsPerCaller, waitingCallsPerApp, waitingCalls } = this.#limits;
    const { callerId } = operation;
    const ofCaller = this.#waitingByCaller.get(callerId) ?? 0;
    if (ofCaller >= waitingCallsPerCaller) return true;
    const isOver = (size: number, max: number, own: number, callers: number) =>
      size >= 2 * max || (size >= max && own >= max / Math.max(1, callers));
    return (
      isOver(waiting.size, waitingCallsPerApp, waiting.sizeOf(callerId), waiting.callers) ||
      isOver(this.#waiting, waitingCalls, ofCaller, this.#waitingByCaller.size)
    );
  }

  #noTurn(queue: AppQueue, call: QueuedCall): KiteError {
    const retryAfterSeconds = this.#secondsUntilTurn(queue, call);
    return new KiteError('rate-limited', { retryAfterSeconds, mayHaveReachedKite: false });
  }

  /** When a caller that asks again then has its turn, as far as can be told from what waits now. */
  #secondsUntilTurn({ waiting, opensAt }: AppQueue, call: QueuedCall): number {
    const untilOpen = Math.max(0, opensAt - this.#clock.milliseconds());
    const inQueue = (waiting.startsBefore(call) / this.#log.limit) * 1_000;
    return Math.max(1, Math.ceil((untilOpen + inQueue) / 1_000));
  }

  #open(apiKey: string): AppQueue {
    const queue: AppQueue = {
      apiKey,
      waiting: new FairQueue(),
      isServed: false,
      timer: undefined,
      opensAt: 0,
    };
    this.#queues.set(apiKey, queue);
    return queue;
  }

  /** Nothing stays behind of an app for which no call waits. */
  #dropIfIdle(queue: AppQueue): void {
    if (queue.isServed || queue.waiting.size > 0) return;
    const { timer } = queue;
    queue.timer = undefined;
    timer?.abort();
    this.#stalled.delete(queue);
    this.#queues.delete(queue.apiKey);
  }
}
