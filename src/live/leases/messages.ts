// What gateways send each other of polls, as JSON that is encrypted for its channel, and how it is read: strictly, as
// anything may be on a channel.
import { z } from 'zod';
import { type AvailableName, bothSegments, type UtilisedName } from '../../brokers/answers.ts';
import { BrokerError, type BrokerErrorCode } from '../../brokers/error.ts';
import { malformed } from '../../brokers/field.ts';
import { isFinal, type PollResult } from '../poll-result.ts';
import type { Demand } from '../poll-sharing.ts';

type WithoutTime<Result> = Result extends unknown ? Omit<Result, 'at'> : never;

/** A result as it travels: without when it was heard, which each gateway knows by its own clock. */
type Outcome = WithoutTime<PollResult>;

/** What a gateway sends. `sentAt` is when, in milliseconds since the epoch. */
export type PollMessage =
  | { readonly kind: 'look'; readonly sentAt: number }
  | FinalMessage
  | ResultMessage;

/** The end of the polls, for those that take part at that moment, and not for those that begin later. */
export interface FinalMessage {
  readonly kind: 'final';
  readonly sentAt: number;
  /** Their names, as their wants have them. */
  readonly to: readonly string[];
  readonly outcome: Outcome;
}

/** The result of a poll. */
export interface ResultMessage {
  readonly kind: 'result';
  readonly sentAt: number;
  /** Of the sender's lease. */
  readonly fence: number;
  /** Counts the results of a sender. */
  readonly number: number;
  /** When, in milliseconds of the sender's clock. */
  readonly at: number;
  readonly outcome: Outcome;
}

/** Stands for a value of the wrong type; no value of margins is a text. */
const malformedText = 'malformed';

const field = <Shape extends z.ZodType>(shape: Shape) =>
  z.union([shape, z.literal(malformedText).transform((): typeof malformed => malformed)]);
const amounts = <Name extends string>(names: Record<Name, true>) =>
  field(z.record(z.enum(Object.keys(names) as Name[]), field(z.number().nullable())));
const segment = field(
  z
    .strictObject({
      enabled: field(z.boolean()),
      net: field(z.number()),
      available: amounts<AvailableName>({
        adhocMargin: true,
        cash: true,
        openingBalance: true,
        liveBalance: true,
        collateral: true,
        intradayPayin: true,
      }),
      utilised: amounts<UtilisedName>({
        debits: true,
        exposure: true,
        m2mRealised: true,
        m2mUnrealised: true,
        optionPremium: true,
        payout: true,
        span: true,
        holdingSales: true,
        turnover: true,
        liquidCollateral: true,
        stockCollateral: true,
        delivery: true,
      }),
    })
    .nullable(),
);
const codes: Record<BrokerErrorCode, true> = {
  token: true,
  'app-secret': true,
  input: true,
  'not-supported': true,
  permission: true,
  'rate-limited': true,
  unavailable: true,
  timeout: true,
  'invalid-response': true,
  other: true,
  aborted: true,
};
const error = z
  .strictObject({
    code: z.enum(Object.keys(codes) as BrokerErrorCode[]),
    errorType: z.string().nullable(),
    status: z.number().nullable(),
    brokerMessage: z.string().nullable(),
    advice: z.string().nullable(),
    isAppRefused: z.boolean(),
    retryAfterSeconds: z.number().nullable(),
    mayHaveReachedBroker: z.boolean(),
    systemCode: z.string().nullable(),
  })
  .transform(({ code, ...details }) => new BrokerError(code, details));
const outcome = z.union([
  z.strictObject({
    answer: z.strictObject({
      value: z.strictObject({ equity: segment.optional(), commodity: segment.optional() }),
      asOf: z.number().transform((milliseconds) => new Date(milliseconds)),
    }),
  }),
  z.strictObject({ error }),
  z.strictObject({ isEnded: z.literal(true) }),
]);
const sentAt = z.number();
const shape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('look'), sentAt }),
  z.strictObject({ kind: z.literal('final'), sentAt, to: z.array(z.string()), outcome }),
  z.strictObject({
    kind: z.literal('result'),
    sentAt,
    fence: z.number(),
    number: z.number(),
    at: z.number(),
    outcome,
  }),
]);
const wantShape = z.strictObject({
  name: z.string(),
  everyMilliseconds: z.number().min(1_000),
  segments: z.array(z.enum(bothSegments)).min(1),
});

/** What a replica wants. */
export interface Want extends Demand {
  /** What it calls itself as long as it takes part: random, and in no other text. */
  readonly name: string;
}

/** Reads a message that was decrypted; null for anything else. */
export function parseMessage(value: unknown): PollMessage | null {
  const message = (shape.safeParse(value).data ?? null) as PollMessage | null;
  const isSound = message?.kind !== 'final' || isFinal({ at: 0, ...message.outcome });
  return isSound ? message : null;
}

/** Reads what a replica wants; null for anything else. */
export function parseWant(value: unknown): Want | null {
  return wantShape.safeParse(value).data ?? null;
}

/** A result as JSON; null for an error in the gateway, which is its own and no other's. */
export function outcomeOf(result: PollResult): object | null {
  if ('isEnded' in result) return { isEnded: true };
  if ('answer' in result) {
    const { value, asOf } = result.answer;
    return { answer: { value: plain(value), asOf: asOf.getTime() } };
  }
  if (!(result.error instanceof BrokerError)) return null;
  const { code, errorType, status, brokerMessage, advice } = result.error;
  const { isAppRefused, retryAfterSeconds, mayHaveReachedBroker, systemCode } = result.error;
  const words = { code, errorType, status, brokerMessage, advice, systemCode };
  return { error: { ...words, isAppRefused, retryAfterSeconds, mayHaveReachedBroker } };
}

function plain(value: unknown): unknown {
  if (value === malformed) return malformedText;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
