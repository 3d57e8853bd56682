// The rate log of processes on one machine: the primary process counts, its workers ask it by messages.
import type { RateLog, Start, Usage } from '../brokers/upstream/budget/rate-log/rate-log.ts';

/** What a worker sends. */
export type RateLogQuestion =
  | { readonly rateLog: 'start' | 'usage'; readonly id: number; readonly apiKey: string }
  | { readonly rateLog: 'sent' | 'ended'; readonly id: number }
  | { readonly rateLog: 'close'; readonly apiKey: string; readonly milliseconds: number };

/** What it is answered: for a start the milliseconds to wait, or 0 for a start; or what is used. */
export interface RateLogAnswer {
  readonly rateLog: number | Usage;
  readonly id: number;
}

/** After how many milliseconds a worker asks again that has lost its primary: it is about to end. */
const lostMilliseconds = 1_000;

/** The log of a worker. Messages arrive later than what they tell of, so a call never counts for too short a time. */
export class LinkedRateLog implements RateLog {
  readonly limit: number;
  readonly #send: (question: RateLogQuestion) => void;
  readonly #asked = new Map<number, (answer: number | Usage) => void>();
  #lastId = 0;
  #isLost = false;

  /** @param send sends a message to the primary. */
  constructor(limit: number, send: (question: RateLogQuestion) => void) {
    this.limit = limit;
    this.#send = send;
  }

  async start(apiKey: string): Promise<Start | number> {
    const id = this.#next();
    const wait = await this.#ask({ rateLog: 'start', id, apiKey });
    if (wait !== 0) return typeof wait === 'number' ? wait : lostMilliseconds;
    return {
      sent: () => this.#tell({ rateLog: 'sent', id }),
      ended: () => this.#tell({ rateLog: 'ended', id }),
    };
  }

  close(apiKey: string, milliseconds: number): void {
    this.#tell({ rateLog: 'close', apiKey, milliseconds });
  }

  async usage(apiKey: string): Promise<Usage> {
    const answer = await this.#ask({ rateLog: 'usage', id: this.#next(), apiKey });
    return typeof answer === 'number' ? { used: 0, closedMilliseconds: 0 } : answer;
  }

  /** Takes an answer of the primary. */
  receive({ id, rateLog }: RateLogAnswer): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    resolve?.(rateLog);
  }

  /** The primary is gone: nothing starts any more. */
  lose(): void {
    this.#isLost = true;
    for (const id of [...this.#asked.keys()]) this.receive({ id, rateLog: lostMilliseconds });
  }

  #next(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #tell(question: RateLogQuestion): void {
    if (!this.#isLost) this.#send(question);
  }

  #ask(question: RateLogQuestion & { readonly id: number }): Promise<number | Usage> {
    if (this.#isLost) return Promise.resolve(lostMilliseconds);
    return new Promise((resolve) => {
      this.#asked.set(question.id, resolve);
      this.#send(question);
    });
  }
}

/** The calls of one worker, in the log of the primary. */
export class RateLogHost {
  readonly #log: RateLog;
  readonly #send: (answer: RateLogAnswer) => void;
  readonly #starts = new Map<number, Start>();
  #isLost = false;

  /** @param log the one of the primary, for all workers. */
  constructor(log: RateLog, send: (answer: RateLogAnswer) => void) {
    this.#log = log;
    this.#send = send;
  }

  /** Answers a message of the worker. */
  async receive(question: RateLogQuestion): Promise<void> {
    if (question.rateLog === 'close') {
      this.#log.close(question.apiKey, question.milliseconds);
    } else if (question.rateLog === 'usage') {
      this.#send({ id: question.id, rateLog: await this.#log.usage(question.apiKey) });
    } else if (question.rateLog === 'start') {
      const start = await this.#log.start(question.apiKey);
      // The worker ended while it waited: it makes no call.
      if (this.#isLost && typeof start !== 'number') start.ended();
      else if (typeof start !== 'number') this.#starts.set(question.id, start);
      this.#send({ id: question.id, rateLog: typeof start === 'number' ? start : 0 });
    } else if (question.rateLog === 'sent') this.#starts.get(question.id)?.sent();
    else {
      this.#starts.get(question.id)?.ended();
      this.#starts.delete(question.id);
    }
  }

  /** The worker is gone: its calls went out by now, and count for as long as one without an answer. */
  lose(): void {
    this.#isLost = true;
    for (const start of this.#starts.values()) start.sent();
    this.#starts.clear();
  }
}
