// The channel of a lease: what replicas write there, encrypted and bound to the channel and the sender, and which of it is
// believed.
import { randomBytes } from 'node:crypto';
import type { Demand } from '../poll-sharing.ts';
import type { ChannelEncrypter, IgnoredReason, LeaseHost } from './lease-host.ts';
import { MessageLimit } from './message-limit.ts';
import {
  type FinalMessage,
  type PollMessage,
  parseMessage,
  parseWant,
  type ResultMessage,
  type Want,
} from './messages.ts';

/** A clock that has drifted further than this from another one is compared with it anew. */
const slackMilliseconds = 1_000;

/** Writes and reads the texts of one channel. */
export class LeaseChannel {
  readonly #host: LeaseHost;
  readonly #name: string;
  readonly #encrypter: ChannelEncrypter;
  readonly #limit: MessageLimit;
  /** What finals call this part of the lease: no earlier final can name it. */
  readonly #ownName = randomBytes(12).toString('base64url');
  /** The last result that was read or written. */
  #last = { fence: 0, number: 0 };
  /** From the clock of the sender to this one's. */
  #offset = { fence: 0, milliseconds: 0 };

  constructor(host: LeaseHost, name: string, encrypter: ChannelEncrypter) {
    this.#host = host;
    this.#name = name;
    this.#encrypter = encrypter;
    this.#limit = new MessageLimit(host.limits.sharedPollMessagesPerAccount);
  }

  /** The text of a message: before it stands the sender, to which it is bound. */
  write(message: object): string {
    const { replicaId, now } = this.#host;
    const value = { ...message, sentAt: now().getTime() };
    return `${replicaId}.${this.#encrypter.encrypt(['message', this.#name, replicaId], value)}`;
  }

  /** The text of the next result of this replica. */
  writeResult(fence: number, result: { readonly at: number; readonly outcome: object }) {
    this.#last = { fence, number: this.#last.number + 1 };
    return {
      number: this.#last.number,
      text: this.write({ kind: 'result', ...this.#last, ...result }),
    };
  }

  /** Whether nothing was read or written after that result. */
  isLast(fence: number, number: number): boolean {
    return this.#last.fence === fence && this.#last.number === number;
  }

  /** Reads what came on the channel: null where it is this replica's own, or why it is to be ignored. */
  read(text: string): PollMessage | IgnoredReason | null {
    const { limits, replicaId, now } = this.#host;
    if (text.startsWith(`${replicaId}.`)) return null;
    if (text.length > limits.sharedPollBytes) return 'oversized';
    if (!this.#limit.take() || !this.#host.mayRead()) return 'too-many';
    const message = this.#open(text);
    if (typeof message === 'string') return message;
    const seconds = Math.abs(now().getTime() - message.sentAt) / 1_000;
    return seconds > 2 * limits.sharedPollClockSeconds ? 'replayed' : message;
  }

  /** Reads a result that is kept; null for anything else, and for one that is no newer than what was read. */
  readKept(text: string): ResultMessage | null {
    const message = text.length > this.#host.limits.sharedPollBytes ? null : this.#open(text);
    const isResult = message !== null && typeof message === 'object' && message.kind === 'result';
    return isResult && this.isNew(message) ? message : null;
  }

  /** Whether a result is newer than all that were read. */
  isNew({ fence, number }: ResultMessage): boolean {
    const { fence: lastFence, number: lastNumber } = this.#last;
    return fence > lastFence || (fence === lastFence && number > lastNumber);
  }

  /** Whether an end is that of this part of the lease, and not of an earlier one. */
  isForThis({ to }: FinalMessage): boolean {
    return to.includes(this.#ownName);
  }

  /** How long ago a message was sent, in milliseconds. */
  ageOf({ sentAt }: ResultMessage): number {
    return Math.max(0, this.#host.now().getTime() - sentAt);
  }

  /**
   * Notes a result as read. When it was, by this clock: the time between two results is the same as by the clock of their
   * sender, however long each was on its way.
   */
  note(message: ResultMessage): number {
    const { fence, number, at } = message;
    this.#last = { fence, number };
    const age = this.ageOf(message);
    // Too late rather than too early: an early result is no event of a stream whose interval is not over.
    const arrived = this.#host.clock.milliseconds() - (age > slackMilliseconds ? age : 0);
    const isFar = Math.abs(at + this.#offset.milliseconds - arrived) > slackMilliseconds;
    if (isFar || fence !== this.#offset.fence) this.#offset = { fence, milliseconds: arrived - at };
    return at + this.#offset.milliseconds;
  }

  /** The text of what this replica wants. */
  writeDemand(demand: Demand): string {
    const want: Want = { name: this.#ownName, ...demand };
    return this.#encrypter.encrypt(['want', this.#name, this.#host.replicaId], want);
  }

  /** Reads what a replica wants; null where it is not its own text. */
  readWant(from: string, text: string): Want | null {
    const opened = this.#encrypter.decrypt(['want', this.#name, from], text);
    return opened.ok ? parseWant(opened.value) : null;
  }

  #open(text: string): PollMessage | 'foreign' | 'malformed' {
    const end = text.indexOf('.');
    if (end === -1) return 'malformed';
    const from = text.slice(0, end);
    const opened = this.#encrypter.decrypt(['message', this.#name, from], text.slice(end + 1));
    return opened.ok ? (parseMessage(opened.value) ?? 'malformed') : 'foreign';
  }
}
