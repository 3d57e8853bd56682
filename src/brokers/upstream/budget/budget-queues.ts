// The queues of all apps before the budget: who waits, who starts, and when that is tried again.

import { Cancellation, isDeadline } from '../../../shared/cancellation.ts';
import { abortedBy, BrokerError } from '../../error.ts';
import { type Clock, machineClock } from '../clock.ts';
import { FairQueue } from './fair-queue.ts';
import type { LaneName, QueuedCall } from './lane-calls.ts';
import { LateCalls } from './late-calls.ts';
import type { RateLog, Start } from './rate-log/rate-log.ts';
import { type SlotLimits, Slots, StalledQueues } from './slots.ts';
import { type AppQueue, WaitingCall, type WaitingLimits, WaitingRoom } from './waiting-room.ts';

/** How much may go on at once. */
export interface BudgetLimits extends SlotLimits, WaitingLimits {}

/** What the queues are made from. */
export interface BudgetQueuesOptions {
  /** Which calls have started lately. */
  readonly log: RateLog;
  readonly limits: BudgetLimits;
  /** By which calls wait, and operations have their deadlines. Default: the machine's. */
  readonly clock?: Clock;
}

/** The queues of all apps. A call that {@link enter}s starts when it is its turn. */
export class BudgetQueues {
  readonly #log: RateLog;
  readonly #clock: Clock;
  readonly #slots: Slots;
  readonly #queues = new Map<string, AppQueue>();
  /** Queues with calls that could start if only a slot were free. */
  readonly #stalled = new StalledQueues<AppQueue>();
  readonly #room: WaitingRoom;
  readonly #late: LateCalls;

  constructor({ log, limits, clock = machineClock }: BudgetQueuesOptions) {
    this.#log = log;
    this.#clock = clock;
    this.#slots = new Slots(limits);
    this.#room = new WaitingRoom(limits);
    this.#late = new LateCalls(log, clock, this.#slots);
  }

  /** Takes a call in: it starts now, or when the promise says so. Each that starts must {@link leave}. */
  enter(apiKey: string, call: QueuedCall): Start | Promise<Start> {
    const { signal } = call.operation;
    if (signal.aborted) return Promise.reject(abortedBy(signal, false));
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
    this.#serve(queue, answer);
    return turn;
  }

  /** How many calls of an app wait, by lane; with null, of all apps. */
  waiting(apiKey: string | null): Readonly<Record<LaneName, number>> {
    if (apiKey === null) return this.#room.sizes;
    const { waiting } = this.#queues.get(apiKey) ?? { waiting: null };
    const sizeOf = (lane: LaneName) => waiting?.waiting(lane).size ?? 0;
    return { login: sizeOf('login'), accepted: sizeOf('accepted'), other: sizeOf('other') };
  }

  /** A call has ended, well or badly. @param took milliseconds since it was sent, where it had waited. */
  leave(apiKey: string, call: QueuedCall, took: number | null): void {
    this.#slots.leave(call);
    const queue = took === null ? undefined : this.#queues.get(apiKey);
    if (took !== null && queue !== undefined) this.#late.learn(queue, took);
    this.#serveStalled();
  }

  /** The broker has refused a call: nothing of an app starts for so long. */
  close(apiKey: string, milliseconds: number): void {
    this.#log.close(apiKey, milliseconds);
    const queue = this.#queues.get(apiKey);
    if (queue !== undefined) this.#opensIn(queue, milliseconds);
  }

  #release(): void {
    this.#slots.release();
    // Not at once: each of many queues might give it back.
    queueMicrotask(() => this.#serveStalled());
  }

  #serveStalled(): void {
    if (this.#stalled.isEmpty || !this.#slots.hasRoom) return;
    const queue = this.#stalled.next(this.#canServe);
    if (queue !== undefined) this.#serve(queue);
  }

  readonly #canServe = ({ isServed, waiting }: AppQueue): boolean =>
    !isServed && waiting.canStart(this.#slots.isShare);

  /** @param asked the log's answer, where it was asked already, and a slot reserved. */
  #serve(queue: AppQueue, asked?: ReturnType<RateLog['start']>): void {
    queue.isServed = true;
    for (let answer = asked ?? this.#ask(queue); answer !== null; answer = this.#ask(queue)) {
      if (answer instanceof Promise) {
        void answer.then((known) => this.#serve(queue, known));
        return;
      }
      if (typeof answer === 'number') {
        this.#stalled.delete(queue);
        this.#release();
        this.#closeFor(queue, answer);
        break;
      }
      this.#start(queue, answer);
    }
    queue.isServed = false;
    this.#dropIfIdle(queue);
  }

  /** Asks the log whether the next call of a queue may start; null where none is next, or there is no slot for it. */
  #ask(queue: AppQueue): ReturnType<RateLog['start']> | null {
    const { waiting, apiKey } = queue;
    if (waiting.size === 0) return null;
    if (!this.#slots.hasRoom || !waiting.canStart(this.#slots.isShare)) {
      this.#stalled.add(queue, waiting.nextCaller() ?? '');
      return null;
    }
    this.#slots.reserve();
    return this.#log.start(apiKey);
  }

  #start(queue: AppQueue, start: Start): void {
    const call = queue.waiting.next(this.#slots.isShare);
    if (call !== undefined) {
      this.#late.start(queue);
      this.#slots.assign(call);
      this.#stopWaiting(call);
      call.resolve(start);
    } else {
      // The call that it was for left while the log was asked. It must not count as on its way for ever.
      start.ended();
      this.#release();
    }
  }

  #closeFor(queue: AppQueue, milliseconds: number): void {
    const timer = new Cancellation();
    queue.timer = timer;
    void this.#clock.wait(milliseconds, timer).then(() => {
      if (queue.timer !== timer) return;
      queue.timer = undefined;
      this.#serve(queue);
    });
    this.#opensIn(queue, milliseconds);
  }

  /** Refuses the calls that have no turn before their deadline if none starts for so long. */
  #opensIn(queue: AppQueue, milliseconds: number): void {
    queue.opensAt = Math.max(queue.opensAt, this.#late.opensAt(queue, milliseconds));
    for (const call of this.#late.among(queue)) this.#refuse(call, this.#noTurn(queue, call));
  }

  #wait(queue: AppQueue, queued: QueuedCall): Promise<Start> {
    const { waiting } = queue;
    const { operation } = queued;
    const late = this.#room.isFullFor(queued, waiting)
      ? queued
      : this.#late.withNew(queued, queue, operation.calls.hasBegun(queued.account));
    if (late === queued) {
      const error = this.#noTurn(queue, queued);
      this.#dropIfIdle(queue);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const call = new WaitingCall(queued, queue, [resolve, reject], this.#depart);
      waiting.add(call, operation.calls.hasBegun(call.account));
      this.#room.enter(call);
      operation.queued?.(() => this.#late.secondsUntilTurn(call, queue));
      if (late instanceof WaitingCall) this.#refuse(late, this.#noTurn(queue, late));
      if (queue.isServed || queue.timer !== undefined) return;
      if (this.#slots.hasRoom && this.#slots.isShare(call)) this.#serve(queue);
      else if (!this.#stalled.has(queue)) this.#stalled.add(queue, waiting.nextCaller() ?? '');
    });
  }

  #stopWaiting(call: WaitingCall): void {
    call.operation.signal.removeEventListener('abort', call);
    this.#room.leave(call);
  }

  #refuse(call: WaitingCall, error: BrokerError): void {
    call.queue.waiting.delete(call);
    this.#stopWaiting(call);
    call.reject(error);
    this.#dropIfIdle(call.queue);
  }

  /** The operation of a waiting call has ended. */
  readonly #depart = (call: WaitingCall): void => {
    const { signal } = call.operation;
    this.#refuse(
      call,
      isDeadline(signal) ? this.#noTurn(call.queue, call) : abortedBy(signal, false),
    );
  };

  #noTurn(queue: AppQueue, call: QueuedCall): BrokerError {
    const retryAfterSeconds = this.#late.secondsUntilTurn(call, queue);
    return new BrokerError('rate-limited', { retryAfterSeconds, mayHaveReachedBroker: false });
  }

  #open(apiKey: string): AppQueue {
    const queue: AppQueue = {
      apiKey,
      waiting: new FairQueue(),
      isServed: false,
      timer: undefined,
      opensAt: 0,
      lookedAt: Number.NEGATIVE_INFINITY,
      quickest: 0,
      refusal: null,
      started: 0,
      startedSince: 0,
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
