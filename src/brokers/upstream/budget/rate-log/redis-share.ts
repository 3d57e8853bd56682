// The share of one replica, for when it has lost Redis: what it may start alone, and what the others leave free for it.
//
// A replica that has lost Redis cannot ask, and one that has not cannot be told. So both keep to what each replica has
// said before, in a table in Redis, with every beat:
// - its share S: the shares of all replicas together are at most the limit. One that shrinks counts as it was until the
//   replica has said that it knows;
// - `from`: before this time it starts nothing alone. Each beat of a replica that counts in Redis moves it ahead;
// - `until`: nothing that it starts alone counts after this time.
// All times are Redis's own. A replica that counts in Redis leaves S free from `from - W` to `until`, where W is how long
// a start may count. One that is lost starts alone, S in any window, once it is certainly `from` or later, and as long as
// it will certainly be over by `until`.
//
// So no window has more than the limit: when a lost replica begins, everything that counts was started with S left free;
// what it started alone is over when S is used by others again. It is sure of that on its own:
// - a beat that arrives late only says what was true when it was sent, as `from` is a time and not a delay; the replica
//   waits for the latest `from` that it ever sent, and ends by an `until` that Redis has confirmed;
// - the time of Redis is known from its last answer within bounds: it was read after the question left and before the
//   answer came;
// - what a replica knows of the others is older than their last beat, and errs on the safe side until the earliest moment
//   at which a replica that changed something after it could start alone: `promised - W` later. Redis itself refuses
//   starts that are older;
// - a replica moves `from` only when nothing that it started alone counts any more but what Redis was told of.
// A Redis that has lost its memory has lost the table too. A replica that was in it says how many there were, and all go
// on by their shares until as many have come back, or the shares of the missing ones are over.
//
// One case is left: a new replica that finds a Redis without memory before any older one has reached it again. Nothing tells
// it from the first replica ever, so it has the whole limit, beside what the older ones started a moment ago or start by
// their shares: less than twice the limit, until the first of them beats. Redis persists the table where it persists
// anything. To wait at every empty Redis would delay each first start for a fault that needs three things at once.
//
// It rests on clocks that run at the same speed, and on a Redis whose clock does not jump by itself.
import { countedMilliseconds, longestWayMilliseconds } from './rate-log.ts';

/** Milliseconds between beats. */
export const beatMilliseconds = 500;
/** How far ahead a beat moves `from`, in milliseconds. */
export const promisedMilliseconds = 4_000;
/** For how long a start counts at most, once it is sent. */
export const countsMilliseconds = countedMilliseconds + longestWayMilliseconds;
/** How long before its end a share is not used any more, in milliseconds, for starts that are sent late. */
const endsEarly = 1_000;
/** By what part clocks may run apart. */
const drift = 0.001;
/** Milliseconds for which a look at the table serves, beyond the time that Redis may take. */
const looksAhead = 250;

/** Another replica in the table. */
interface Replica {
  readonly share: number;
  readonly from: number;
  readonly until: number;
  /** How many replicas there were before Redis lost its memory; 0: it knows of no such loss. */
  readonly expected: number;
}

/** What a beat sends to Redis. */
export interface Beat {
  readonly turn: number;
  readonly share: number;
  readonly from: number;
  readonly until: number;
  readonly expected: number;
  /** Whether this replica counts in Redis. */
  readonly isShared: boolean;
  /** When it was sent, by the clock of this process. */
  readonly sentAt: number;
}

/** What Redis answers. */
export interface BeatAnswer {
  readonly now: number;
  readonly share: number;
  readonly isKnown: boolean;
  readonly others: readonly Replica[];
}

/** What a start in Redis must keep to. */
export interface Room {
  readonly limit: number;
  /** The time of Redis after which that is not known to be right. */
  readonly before: number;
}

/** The share of this replica, and what it knows of the others. */
export class RedisShare {
  readonly #limit: number;
  readonly #shareMilliseconds: number;
  readonly #clock: () => number;
  /** The last answer: the time in it, and when it was asked and came. */
  #heard: { readonly now: number; readonly askedAt: number; readonly cameAt: number } | null = null;
  #others: readonly Replica[] = [];
  #turn = 0;
  #share = 0;
  #from = 0;
  #until = 0;
  #expected = 0;
  /** When the shares of replicas that are missing since the loss are over. */
  #expectedUntil = 0;
  /** Before then, what was started before Redis lost its memory may count. */
  #forgottenUntil = 0;
  /** What was started alone, and sent, counts until then. */
  #aloneUntil = 0;
  #unsent = 0;
  /** From when on Redis was told of every start. */
  #toldSince = Number.POSITIVE_INFINITY;

  /**
   * @param limit the most calls per app in a window, over all replicas.
   * @param shareMilliseconds how long a replica that has lost Redis uses its share.
   */
  constructor(limit: number, shareMilliseconds: number, clock: () => number) {
    this.#limit = limit;
    this.#shareMilliseconds = shareMilliseconds;
    this.#clock = clock;
  }

  /** The most calls in a window that this replica starts alone; 0 before Redis gave it a share. */
  get share(): number {
    return this.#share;
  }

  /** How many replicas were in the table last, this one included. */
  get replicas(): number {
    return 1 + this.#others.length;
  }

  /** Whether this replica has never been in the table, as far as it knows. */
  get isNew(): boolean {
    return this.#until === 0;
  }

  /** What the next beat says. @param isShared whether this replica counts in Redis, and will. */
  beat(isShared: boolean): Beat {
    const sentAt = this.#clock();
    // The first one only asks for the time.
    if (this.#heard === null) {
      return { turn: 0, share: 0, from: 0, until: 0, expected: 0, isShared, sentAt };
    }
    // A share that is over is not missed by anyone.
    if (this.#latest() >= this.#until) this.#share = 0;
    if (sentAt >= this.#expectedUntil) this.#expected = 0;
    this.#turn += 1;
    const ahead = Math.ceil(this.#latest()) + promisedMilliseconds;
    if (isShared || this.#share === 0) this.#from = Math.max(this.#from, ahead);
    const { share, expected } = { share: this.#share, expected: this.#expected };
    const until = ahead + this.#shareMilliseconds;
    return { turn: this.#turn, share, from: this.#from, until, expected, isShared, sentAt };
  }

  /** Takes the answer to a beat. */
  receive(beat: Beat, { now, share, isKnown, others }: BeatAnswer): void {
    const cameAt = this.#clock();
    if (this.#heard !== null && beat.sentAt < this.#heard.askedAt) return;
    this.#heard = { now, askedAt: beat.sentAt, cameAt };
    if (beat.turn === 0) return;
    if (beat.share > 0 && !isKnown && this.replicas > 1) {
      this.#expected = this.replicas;
      this.#expectedUntil = cameAt + promisedMilliseconds + this.#shareMilliseconds;
      this.#forgottenUntil = cameAt + countsMilliseconds;
    }
    this.#others = others;
    this.#until = beat.until;
    // While a share may be in use, it stays what the others know.
    if (!beat.isShared && this.#share > 0) return;
    // Those that do not know of it yet, or of a part of it, leave it free only from then on.
    if (share > this.#share) this.#from = Math.max(this.#from, now + promisedMilliseconds);
    this.#share = share;
  }

  /** Whether this replica may count in Redis: nothing that Redis does not know of counts, and no replica is missing. */
  get isShared(): boolean {
    const now = this.#clock();
    const isOver = this.#unsent === 0 && now >= this.#aloneUntil;
    const isTold = isOver || now >= this.#toldSince + countsMilliseconds;
    return !this.isNew && isTold && now >= this.#forgottenUntil && !this.#isOneMissing();
  }

  /** What the next start in Redis must keep to; null where the table is too old to tell. @param patience how long Redis may take. */
  room(patience: number): Room | null {
    if (this.#heard === null || this.isNew) return null;
    const latest = this.#latest();
    const oldest = this.#heard.now + promisedMilliseconds - countsMilliseconds;
    if (latest >= oldest) return null;
    const before = Math.min(Math.ceil(latest) + patience + looksAhead, oldest);
    const earliest = this.#earliest();
    let limit = this.#limit;
    for (const { share, from, until } of this.#others) {
      if (from - countsMilliseconds <= before && until > earliest) limit -= share;
    }
    return { limit, before };
  }

  /** In how many milliseconds this replica may start something alone; null where it may not, whatever the time. */
  untilAlone(): number | null {
    if (this.#heard === null || this.#share === 0) return null;
    // A share that was given since Redis lost its memory may be one of those that are missing.
    if (this.#expected === 0 && this.#isOneMissing()) return null;
    if (this.#latest() + countsMilliseconds + endsEarly >= this.#until) return null;
    return Math.max(0, Math.ceil(this.#from - this.#earliest()));
  }

  /** Something is started alone. */
  startedAlone(): void {
    this.#unsent += 1;
  }

  /** It was sent, or never will be. */
  sentAlone(): void {
    this.#unsent -= 1;
    this.#aloneUntil = this.#clock() + countsMilliseconds;
  }

  /** Redis is told of every start from now on. */
  told(): void {
    this.#toldSince = Math.min(this.#toldSince, this.#clock());
  }

  /** Redis is lost: it is told of nothing. */
  lost(): void {
    this.#toldSince = Number.POSITIVE_INFINITY;
  }

  /** The time of Redis, if it is as early as it can be. */
  #earliest(): number {
    if (this.#heard === null) return 0;
    return this.#heard.now + (this.#clock() - this.#heard.cameAt) * (1 - drift);
  }

  /** The time of Redis, if it is as late as it can be; an answer has whole milliseconds. */
  #latest(): number {
    if (this.#heard === null) return 0;
    return this.#heard.now + 1 + (this.#clock() - this.#heard.askedAt) * (1 + drift);
  }

  #isOneMissing(): boolean {
    const all = [this.#expected, ...this.#others.map(({ expected }) => expected)];
    return all.filter((expected) => expected > 0).length < Math.max(...all);
  }
}
