// Reads from brokers, shared between requests: a read joins a call in flight, or reuses an answer that is young enough
// for the request. Two credentials never share a call or an answer.

import type { KotakMargins, Margins, Profile, Segment } from '../brokers/answers.ts';
import type { Broker } from '../brokers/broker.ts';
import type { BrokerName } from '../brokers/broker-name.ts';
import type { Brokers } from '../brokers/brokers.ts';
import { type Credential, digestOf } from '../brokers/credential.ts';
import { abortedBy, type BrokerError } from '../brokers/error.ts';
import { isWhole } from '../brokers/field.ts';
import { AcceptedCredentials } from '../brokers/upstream/budget/known-credentials.ts';
import { type Clock, machineClock } from '../brokers/upstream/clock.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import type { ReadSource } from '../brokers/upstream/report/operation-cost.ts';
import type { Answer, Asker } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import { type CallsInFlight, SharedCall } from './shared-call.ts';

/** Margins with the segments that were asked for, and perhaps others; in each, null where the broker left it out. */
export type MarginsAnswer = Answer<Partial<Margins>>;

/** Reads on behalf of many requests. All reject with BrokerError. */
export interface SharedReads {
  /** Whether the profile of a credential is a call. */
  readsProfile(credential: Credential): boolean;
  /** Who the user is: GET /user/profile at most. Where that is no call, what the credential says. */
  profile(credential: Credential, asker: Asker): Promise<Answer<Profile>>;
  /** The margins of a broker that has a structure of its own for them. */
  kotakMargins(credential: Credential, asker: Asker): Promise<Answer<KotakMargins>>;
  /** A segment that is held and young enough for the asker; undefined where it has to be called for. */
  heldMargins(credential: Credential, segment: Segment, asker: Asker): MarginsAnswer | undefined;
  /** The segments asked for, in one call: GET /user/margins for both, GET /user/margins/:segment for one. */
  margins(
    credential: Credential,
    segments: readonly Segment[],
    operation: Operation,
  ): Promise<MarginsAnswer>;
  /**
   * Forgets a credential, before and after its session is ended or renewed: no answer from before
   * is given, and no call begun before is joined.
   */
  forget(credential: Credential): void;
  /** When the broker last answered a read with this credential, as far as this process knows; null where it does not. */
  acceptedAt(credential: Credential): Date | null;
  /**
   * Tells whenever a credential is forgotten: with the broker's refusal of its token, or with null where its session
   * is being ended or renewed. One listener for a credential; null takes it back.
   */
  onForgotten(credential: Credential, listener: ForgottenListener | null): void;
}

/** Receives why a credential was forgotten: the broker's refusal, or null after a request to forget it. */
export type ForgottenListener = (refusal: BrokerError | null) => void;

/** What is read of a broker. */
export type ReadBroker = Pick<
  Broker,
  'readsProfile' | 'profile' | 'margins' | 'segmentMargins' | 'kotakMargins'
>;

/** How reads are shared. */
export interface SharedReadsOptions {
  readonly broker: {
    readonly of: (name: BrokerName | undefined) => ReadBroker;
    /** When an answer that was read at a time is over, however young it is then. */
    readonly earliestExpiryOf: Brokers['earliestExpiryOf'];
  };
  /** The time: when an answer arrived, and how old it is. */
  readonly now: () => Date;
  /** The maximum age, in seconds, that a request may accept; 0 caches no answers. */
  readonly maxAgeSeconds: number;
  /** The most answers that are held of each kind: profiles, and either segment. */
  readonly maxHeld: number;
  /** The most credentials of which it is known when they were accepted. Default: as `maxHeld`. */
  readonly maxAccepted?: number;
  /** By which they are dropped. Default: the machine's. */
  readonly clock?: Clock;
  /** Told where the answer to each read comes from. */
  readonly onRead?: ((source: ReadSource) => void) | undefined;
}

/** Makes the reads that all requests of a gateway share. */
export function createSharedReads(options: SharedReadsOptions): SharedReads {
  const { broker, now, maxAgeSeconds, maxHeld, clock = machineClock, onRead } = options;
  const accepted = new AcceptedCredentials(options.maxAccepted ?? maxHeld);
  const expiryOf = broker.earliestExpiryOf;
  const holding = { maxAgeSeconds, max: maxHeld, expiryOf, now, clock };
  const listeners = new Map<string, ForgottenListener>();

  /** A session that has ended takes all that was read through it along. */
  function forget(digest: string, refusal: BrokerError | null): void {
    for (const kind of all) kind.forget(digest);
    accepted.delete(digest);
    listeners.get(digest)?.(refusal);
  }

  const note = (source: ReadSource, credential: Credential, { cost }: Operation) => {
    onRead?.(source);
    if (source !== 'call') cost?.spare(credential, source);
  };
  const readOf = <T>(call: ReadsOfKindOptions<T>['call']) =>
    new ReadsOfKind<T>({
      call,
      now,
      note,
      held: new AnswerCache<T>(holding),
      onAnswer: (digest, asOf) => accepted.add(digest, asOf.getTime()),
      onRefused: forget,
    });
  const brokerOf = (credential: Credential) => broker.of(credential.broker);
  const segmentRead = (segment: Segment) =>
    readOf<Partial<Margins>>(async (credential, operation) => ({
      [segment]: await brokerOf(credential).segmentMargins(credential, segment, operation),
    }));
  const profiles = readOf((credential, operation) =>
    brokerOf(credential).profile(credential, operation),
  );
  const kotakMargins = readOf((credential, operation) =>
    brokerOf(credential).kotakMargins(credential, operation),
  );
  const wholes = readOf<Partial<Margins>>((credential, operation) =>
    brokerOf(credential).margins(credential, operation),
  );
  const segments = { equity: segmentRead('equity'), commodity: segmentRead('commodity') };
  const all = [profiles, kotakMargins, wholes, segments.equity, segments.commodity];

  return {
    readsProfile: (credential) => brokerOf(credential).readsProfile,
    profile(credential, asker) {
      if (brokerOf(credential).readsProfile)
        return profiles.read(digestOf(credential), credential, asker);
      // No call: nothing to share, and nothing that the broker has accepted.
      const said = brokerOf(credential).profile(credential, asker.operation);
      return said.then((value) => ({ value, asOf: now() }));
    },
    kotakMargins: (credential, asker) => kotakMargins.read(digestOf(credential), credential, asker),
    heldMargins(credential, segment, asker) {
      if (asker.maxAgeSeconds <= 0) return undefined;
      const digest = digestOf(credential);
      const whole = wholes.find(digest, asker.maxAgeSeconds);
      const own = segments[segment].find(digest, asker.maxAgeSeconds);
      const youngest = own === undefined || (whole && whole.asOf > own.asOf) ? whole : own;
      if (youngest === undefined || !isWhole(youngest.value[segment])) return undefined;
      note('held', credential, asker.operation);
      return youngest;
    },
    margins(credential, asked, operation) {
      const read = asked.length > 1 ? wholes : segments[asked[0] ?? 'equity'];
      return read.ask(digestOf(credential), credential, operation);
    },
    forget: (credential) => forget(digestOf(credential), null),
    acceptedAt(credential) {
      const at = accepted.acceptedAt(digestOf(credential));
      return at === undefined ? null : new Date(at);
    },
    onForgotten(credential, listener) {
      if (listener === null) listeners.delete(digestOf(credential));
      else listeners.set(digestOf(credential), listener);
    },
  };
}

/** What reads of one kind are made from. */
interface ReadsOfKindOptions<T> {
  /** Makes the call. Rejects with BrokerError. */
  readonly call: (credential: Credential, operation: Operation) => Promise<T>;
  /** The time: when an answer arrived. */
  readonly now: () => Date;
  /** The answers of this kind that are held. */
  readonly held: AnswerCache<T>;
  /** Told of each read before it is answered, and where its answer comes from. */
  readonly note: (source: ReadSource, credential: Credential, operation: Operation) => void;
  /** Told when the broker has answered, except calls that were forgotten meanwhile. */
  readonly onAnswer: (digest: string, asOf: Date) => void;
  /** Told that the broker refuses a token, before the operations that wait for the answer are. */
  readonly onRefused: (digest: string, refusal: BrokerError) => void;
}

/** Reads of one kind, by the digest of the credential that reads. */
class ReadsOfKind<T> implements CallsInFlight<T> {
  readonly now: () => Date;
  readonly #options: ReadsOfKindOptions<T>;
  readonly #calls = new Map<string, SharedCall<T>>();

  constructor(options: ReadsOfKindOptions<T>) {
    this.#options = options;
    this.now = options.now;
  }

  /** The answer that is held, where it is young enough; otherwise that of a call which is joined or made. */
  read(digest: string, credential: Credential, asker: Asker): Promise<Answer<T>> {
    const { operation, maxAgeSeconds } = asker;
    const known = this.find(digest, maxAgeSeconds);
    if (known === undefined || !isWhole(known.value)) {
      return this.ask(digest, credential, operation);
    }
    this.#options.note('held', credential, operation);
    return Promise.resolve(known);
  }

  /** The answer that is held, where it is young enough. It may have values of the wrong type. */
  find(digest: string, maxAgeSeconds: number): Answer<T> | undefined {
    return this.#options.held.find(digest, maxAgeSeconds);
  }

  /** Joins the call of a credential that is in flight, or makes it. */
  ask(digest: string, credential: Credential, operation: Operation): Promise<Answer<T>> {
    // Otherwise no operation would wait for the call, and none would ever cancel it.
    if (operation.signal.aborted) return Promise.reject(abortedBy(operation.signal, false));
    const known = this.#calls.get(digest);
    this.#options.note(known === undefined ? 'call' : 'shared', credential, operation);
    if (known !== undefined) {
      // The turn that it takes, or has had, is another operation's.
      operation.begun?.();
      return known.join(operation);
    }
    const call = new SharedCall<T>(this, digest, operation);
    this.#calls.set(digest, call);
    call.settleWith(this.#options.call(credential, call));
    return call.join(operation);
  }

  /** The call of a credential is not joined from now on; operations that wait for it still get its answer. */
  forget(digest: string): void {
    this.#calls.delete(digest);
    this.#options.held.forget(digest);
  }

  /** Holds the answer of a call, unless that was forgotten meanwhile. */
  keep(digest: string, call: SharedCall<T>, answer: Answer<T>): void {
    if (!this.remove(digest, call)) return;
    this.#options.onAnswer(digest, answer.asOf);
    this.#options.held.hold(digest, answer);
  }

  /** A call is over. @returns whether it could still be joined. */
  remove(digest: string, call: SharedCall<T>): boolean {
    return this.#calls.get(digest) === call && this.#calls.delete(digest);
  }

  refuse(digest: string, refusal: BrokerError): void {
    this.#options.onRefused(digest, refusal);
  }
}
