// The accounts and the loaders of one operation: what resolvers read through. Asked for in many places, each thing is read
// once, and the segments of an account's margins that one wave of resolvers asks for are one call. The reads are also known
// by the session that they use, so that a session's state is told as they found it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { bothSegments, type KotakMargins, type Profile, type Segment } from '../brokers/answers.ts';
import { type Credential, digestOf } from '../brokers/credential.ts';
import type { Answer, Asker } from './answer.ts';
import type { MarginsAnswer, SharedReads } from './shared-reads.ts';

/** One account of a request. */
export interface Account {
  /** Opaque; known without an upstream call. */
  readonly id: string;
  /** What signs this account's calls. */
  readonly credential: Credential;
}

/**
 * The account of a credential that came in a header. Its id is base64url of the first 16 bytes of
 * SHA-256("kite-graphql account" NUL api_key NUL access_token): the same for the same pair on every
 * gateway, another after the next login, and no way back to the token.
 */
export function accountOf(credential: Credential): Account {
  return { id: digestOf(credential), credential };
}

/** What has been read of one account, or is being read. */
interface AccountReads {
  readonly account: Account;
  profile: Promise<Answer<Profile>> | null;
  kotakMargins: Promise<Answer<KotakMargins>> | null;
  equity: Promise<MarginsAnswer> | null;
  commodity: Promise<MarginsAnswer> | null;
  /** The segments that the current wave asks for, and their call; null between waves. */
  wave: { segments: readonly Segment[]; readonly call: Promise<MarginsAnswer> } | null;
}

/** The DataLoader keeps nothing: AccountReads keeps what was read. */
const withoutCache = { cache: false };

/** What resolvers read upstream data through. All reads reject with BrokerError. They live for one operation. */
export class Loaders {
  readonly #reads: SharedReads;
  readonly #asker: Asker;
  /** Most operations read one account, which needs no map. */
  #first: AccountReads | null = null;
  #others: Map<string, AccountReads> | null = null;
  #waves: DataLoader<AccountReads, MarginsAnswer> | null = null;

  constructor(reads: SharedReads, asker: Asker) {
    this.#reads = reads;
    this.#asker = asker;
  }

  /** Who the user of an account is. No DataLoader: accounts are read one by one, so there is no batch to wait for. */
  profile(account: Account): Promise<Answer<Profile>> {
    const reads = this.#of(account);
    reads.profile ??= this.#reads.profile(account.credential, this.#asker);
    return reads.profile;
  }

  /** The margins of an account at Kotak. */
  kotakMargins(account: Account): Promise<Answer<KotakMargins>> {
    const reads = this.#of(account);
    reads.kotakMargins ??= this.#reads.kotakMargins(account.credential, this.#asker);
    return reads.kotakMargins;
  }

  /** The margins of an account, in which one segment is answered; both, where the same wave asks for both. */
  margins(account: Account, segment: Segment): Promise<MarginsAnswer> {
    const reads = this.#of(account);
    reads[segment] ??= this.#segment(reads, segment);
    return reads[segment];
  }

  /** Takes a profile that is known without a call, for an account whose profile has not been asked for. */
  primeProfile(account: Account, answer: Answer<Profile>): void {
    this.#of(account).profile ??= Promise.resolve(answer);
  }

  /** Takes a segment that was read, or why it could not be, where it has not been asked for. */
  primeMargins(account: Account, segment: Segment, answer: MarginsAnswer | Error): void {
    const reads = this.#of(account);
    if (reads[segment] !== null) return;
    reads[segment] = answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    // It may be that no resolver asks for it.
    reads[segment].catch(() => {});
  }

  /**
   * Proves by a call that the broker accepts an account's token, or by what was just read with it. The user id that the
   * answer names; null where it names none. Rejects with BrokerError.
   */
  async prove(account: Account): Promise<Profile['userId'] | null> {
    if (this.#reads.readsProfile(account.credential)) {
      return (await this.profile(account)).value.userId;
    }
    await this.kotakMargins(account);
    return null;
  }

  /**
   * Forgets all that was read for an account, here and in what requests share, so that nothing is answered from
   * before its session was ended or renewed. To be called before the broker is, and again after, however that went.
   */
  forget(account: Account): void {
    if (this.#first?.account.id === account.id) this.#first = null;
    else this.#others?.delete(account.id);
    this.#reads.forget(account.credential);
  }

  #of(account: Account): AccountReads {
    if (this.#first?.account.id === account.id) return this.#first;
    const known = this.#others?.get(account.id);
    if (known !== undefined) return known;
    const reads: AccountReads = {
      account,
      profile: null,
      kotakMargins: null,
      equity: null,
      commodity: null,
      wave: null,
    };
    if (this.#first === null) {
      this.#first = reads;
    } else {
      this.#others ??= new Map();
      this.#others.set(account.id, reads);
    }
    return reads;
  }

  #segment(reads: AccountReads, segment: Segment): Promise<MarginsAnswer> {
    const held = this.#reads.heldMargins(reads.account.credential, segment, this.#asker);
    if (held !== undefined) return Promise.resolve(held);
    const { wave } = reads;
    if (wave !== null) {
      wave.segments = bothSegments;
      return wave.call;
    }
    this.#waves ??= new DataLoader((wave) => this.#call(wave), withoutCache);
    const call = this.#waves.load(reads);
    reads.wave = { segments: [segment], call };
    return call;
  }

  #call(wave: readonly AccountReads[]): Promise<MarginsAnswer[]> {
    const { operation } = this.#asker;
    const calls = wave.map((reads) => {
      const segments = reads.wave?.segments ?? [];
      reads.wave = null;
      return this.#reads.margins(reads.account.credential, segments, operation);
    });
    // Each is awaited by itself: one hanging account holds back no other.
    return Promise.resolve(calls as unknown as MarginsAnswer[]);
  }
}

/** Which sessions an operation reads through, and which of them the broker refused. */
export class SessionReads {
  /** Made for the first session: requests with credentials have none. */
  #reads: Map<string, Promise<unknown>[]> | null = null;
  #refused: Map<string, Date> | null = null;

  /** Notes a read that has begun. It must not reject. */
  add(sessionId: string, read: Promise<unknown>): void {
    this.#reads ??= new Map();
    const reads = this.#reads.get(sessionId);
    if (reads === undefined) this.#reads.set(sessionId, [read]);
    else reads.push(read);
  }

  /** Notes that the broker refused the session's token; the first time counts. */
  refuse(sessionId: string, at: Date): void {
    this.#refused ??= new Map();
    if (!this.#refused.has(sessionId)) this.#refused.set(sessionId, at);
  }

  /** When the broker refused the session's token; null where it has not so far. */
  refusedSoFar(sessionId: string): Date | null {
    return this.#refused?.get(sessionId) ?? null;
  }

  /** When the broker refused the session's token to a read of the operation, known once all of them are over; else null. */
  async refusedAt(sessionId: string): Promise<Date | null> {
    let waitedFor = 0;
    do {
      // Fields beside the one that asks begin their reads first.
      await nextTurn();
      const reads = this.#reads?.get(sessionId)?.slice(waitedFor) ?? [];
      waitedFor += reads.length;
      await Promise.all(reads);
    } while (waitedFor < (this.#reads?.get(sessionId)?.length ?? 0));
    return this.refusedSoFar(sessionId);
  }
}
