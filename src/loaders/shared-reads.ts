// Reads from a broker, shared between requests: a read joins a call in flight, or reuses an answer that is young enough
// for the request. Two credentials never share a call or an answer.

import type {
  KotakMargins,
  Margins,
  Profile,
  Segment,
  SegmentMargins,
} from '../brokers/answers.ts';
import type { Broker } from '../brokers/broker.ts';
import { type Credential, digestOf } from '../brokers/credential.ts';
import type { BrokerError } from '../brokers/error.ts';
import { type Field, isRecord, malformed } from '../brokers/field.ts';
import { AcceptedCredentials } from '../brokers/upstream/budget/accepted-credentials.ts';
import { type Clock, machineClock } from '../brokers/upstream/clock.ts';
import type { Answer, Asker } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import { SharedRead } from './shared-read.ts';

/** One segment of an answer; null where Kite left it out. */
export type SegmentValue = Field<SegmentMargins | null>;

/** Reads on behalf of many requests. All reject with BrokerError. */
export interface SharedReads {
  /** Who the user is: GET /user/profile at most. */
  profile(credential: Credential, asker: Asker): Promise<Answer<Profile>>;
  /** The margins of a broker that has a structure of its own for them. */
  kotakMargins(credential: Credential, asker: Asker): Promise<Answer<KotakMargins>>;
  /**
   * The segments asked for, in one call at most: GET /user/margins where both have to be called for,
   * GET /user/margins/:segment where one has. Each is as old as its own `asOf`.
   */
  margins(
    credential: Credential,
    segments: ReadonlySet<Segment>,
    asker: Asker,
  ): (segment: Segment) => Promise<Answer<SegmentValue>>;
  /**
   * Forgets a credential, before and after its session is ended or renewed: no answer from before
   * is given, and no call begun before is joined.
   */
  forget(credential: Credential): void;
  /** When the broker last answered a read with this credential, as far as this process knows; null where it does not. */
  acceptedAt(credential: Credential): Date | null;
  /**
   * Tells whenever a credential is forgotten: with Kite's refusal of its token, or with null where its session
   * is being ended or renewed. One listener for a credential; null takes it back.
   */
  onForgotten(credential: Credential, listener: ForgottenListener | null): void;
}

/** Receives why a credential was forgotten: Kite's refusal, or null after a request to forget it. */
export type ForgottenListener = (refusal: BrokerError | null) => void;

/** How reads are shared. */
export interface SharedReadsOptions {
  readonly broker: Pick<
    Broker,
    'profile' | 'margins' | 'segmentMargins' | 'kotakMargins' | 'expiryOf'
  >;
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
}

/** Makes the reads that all requests of a gateway share. */
export function createSharedReads(options: SharedReadsOptions): SharedReads {
  const { broker, now, maxAgeSeconds, maxHeld, clock = machineClock } = options;
  const accepted = new AcceptedCredentials(options.maxAccepted ?? maxHeld);
  const { expiryOf } = broker;
  const holding = { maxAgeSeconds, max: maxHeld, expiryOf, now, clock };
  const held = {
    profile: new AnswerCache<Profile>(holding),
    equity: new AnswerCache<SegmentValue>(holding),
    commodity: new AnswerCache<SegmentValue>(holding),
    kotakMargins: new AnswerCache<KotakMargins>(holding),
  };
  const listeners = new Map<string, ForgottenListener>();

  /** A session that has ended takes all that was read through it along. */
  function forget(digest: string, refusal: BrokerError | null): void {
    for (const kind of all) kind.forget(digest);
    accepted.delete(digest);
    listeners.get(digest)?.(refusal);
  }

  /** Notes that the broker accepted a credential, and holds its answer. */
  const keepIn =
    <T>(cache: AnswerCache<T>) =>
    (digest: string, answer: Answer<T>) => {
      accepted.add(digest, answer.asOf.getTime());
      hold(cache, digest, answer);
    };

  const profiles = new SharedRead<Credential, Profile>({
    call: broker.profile,
    now,
    held: held.profile,
    keep: keepIn(held.profile),
    onRefused: forget,
  });
  const segmentRead = (segment: Segment) =>
    new SharedRead<Credential, SegmentValue>({
      call: (credential, operation) => broker.segmentMargins(credential, segment, operation),
      now,
      held: held[segment],
      keep: keepIn(held[segment]),
      onRefused: forget,
    });
  const segments = { equity: segmentRead('equity'), commodity: segmentRead('commodity') };
  const wholes = new SharedRead<Credential, Margins>({
    call: broker.margins,
    now,
    held: null,
    keep: (digest, { value, asOf }) => {
      accepted.add(digest, asOf.getTime());
      hold(held.equity, digest, { value: value.equity, asOf });
      hold(held.commodity, digest, { value: value.commodity, asOf });
    },
    onRefused: forget,
  });
  const kotakMargins = new SharedRead<Credential, KotakMargins>({
    call: broker.kotakMargins,
    now,
    held: held.kotakMargins,
    keep: keepIn(held.kotakMargins),
    onRefused: forget,
  });
  const all = [profiles, segments.equity, segments.commodity, wholes, kotakMargins];

  return {
    profile: (credential, asker) => profiles.read(digestOf(credential), credential, asker),
    kotakMargins: (credential, asker) => kotakMargins.read(digestOf(credential), credential, asker),
    margins(credential, wanted, { operation, maxAgeSeconds: accepted }) {
      const digest = digestOf(credential);
      const answers = new Map<Segment, Promise<Answer<SegmentValue>>>();
      const missing: Segment[] = [];
      for (const segment of wanted) {
        const known = held[segment].find(digest, accepted);
        if (known === undefined) missing.push(segment);
        else answers.set(segment, Promise.resolve(known));
      }
      const [only, other] = missing;
      if (only !== undefined && other === undefined) {
        answers.set(only, segments[only].ask(digest, credential, operation));
      } else if (only !== undefined) {
        const whole = wholes.ask(digest, credential, operation);
        for (const segment of missing) answers.set(segment, whole.then(ofSegment(segment)));
      }
      // A segment that no caller reads may fail too: that must not end the process.
      for (const answer of answers.values()) answer.catch(() => {});
      return (segment) =>
        answers.get(segment) ?? Promise.reject(new RangeError(`${segment} was not asked for`));
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

function ofSegment(segment: Segment) {
  return ({ value, asOf }: Answer<Margins>): Answer<SegmentValue> => ({
    value: value[segment],
    asOf,
  });
}

/** Holds an answer in which everything makes sense: of any other, the next to ask shall get a new one. */
function hold<T>(held: AnswerCache<T>, digest: string, answer: Answer<T>): void {
  if (isWhole(answer.value)) held.hold(digest, answer);
}

function isWhole(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isWhole);
  if (!isRecord(value)) return value !== malformed;
  for (const name in value) if (!isWhole(value[name])) return false;
  return true;
}
