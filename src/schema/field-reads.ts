// How resolvers read from a broker: a failed call or a malformed value becomes a problem, as data or at its field.

import { BrokerError } from '../brokers/error.ts';
import { type Field, malformed } from '../brokers/field.ts';
import type { Context, ReachedAccount } from '../context.ts';
import type { Account } from '../loaders/loaders.ts';
import {
  credentialDenied,
  type Problem,
  problemError,
  problemOf,
  sessionExpired,
} from './errors/problem.ts';

/** The result of a read: its value or its error. */
export type Outcome<T> = { readonly value: T } | { readonly problem: Problem };

/** A value as a result. */
export function succeeded<T>(value: T): Outcome<T> {
  return { value };
}

/**
 * Reads through an account, and makes something of the value; a BrokerError becomes the problem that it stands for.
 * An account whose session has ended costs no call. One whose token its broker refuses is noted as ended,
 * before the error is returned, so that no replica calls again.
 */
export function tryRead<T, Result>(
  account: ReachedAccount,
  context: Context,
  load: (access: Account) => Promise<T>,
  make: (value: T) => Outcome<Result>,
): Promise<Outcome<Result>> {
  const { session, access, denied } = account;
  if (session === null && access !== null && !denied) {
    // The usual case for header credentials, with no promise more than it needs.
    return load(access).then(make, (error: unknown) => ({
      problem: problemOf(error, 'read', context, account),
    }));
  }
  const outcome = outcomeOf(account, context, load);
  if (session !== null) context.sessionReads.add(session.sessionId, outcome);
  return outcome.then((known) => ('problem' in known ? known : make(known.value)));
}

async function outcomeOf<T>(
  account: ReachedAccount,
  context: Context,
  load: (access: Account) => Promise<T>,
): Promise<Outcome<T>> {
  if (account.denied) return { problem: credentialDenied(account) };
  if (account.access === null) return { problem: sessionExpired(account, context) };
  try {
    return { value: await load(account.access) };
  } catch (error) {
    const isRefused = error instanceof BrokerError && error.code === 'token';
    if (isRefused && account.session !== null) {
      const at = context.now();
      context.sessionReads.refuse(account.session.sessionId, at);
      await context.keyring.expire(account.session, at);
    }
    return { problem: problemOf(error, 'read', context, account) };
  }
}

/** As {@link tryRead}, for a single field: rejects with the problem as a GraphQL error. */
export function readField<T, Result>(
  account: ReachedAccount,
  context: Context,
  load: (access: Account) => Promise<T>,
  make: (value: T) => Result,
): Promise<Result> {
  const { session, access, denied } = account;
  if (session === null && access !== null && !denied) {
    return load(access).then(make, (error: unknown) => {
      throw problemError(problemOf(error, 'read', context, account));
    });
  }
  return tryRead(account, context, load, (value) => ({ value: make(value) })).then((outcome) => {
    if ('problem' in outcome) throw problemError(outcome.problem);
    return outcome.value;
  });
}

/**
 * A value as the broker sent it.
 * @throws UPSTREAM_INVALID_RESPONSE for one of the wrong type: never a wrong value, never a zero.
 */
export function wellFormed<T>(value: Field<T>, account: ReachedAccount): T {
  if (value === malformed) throw malformedError(account);
  return value;
}

/** The error for a value of the wrong type. */
export function malformedError(account: ReachedAccount): Error {
  return problemError(malformedAnswer(account));
}

/** A record of a broker's as GraphQL reads it. */
export type Readable<T> = { readonly [Name in keyof T]: Exclude<T[Name], typeof malformed> };

/**
 * A record of which GraphQL reads every field by its name. Where the broker sent a value of the wrong type, also in place
 * of the record itself, an error stands instead, which GraphQL reports at that field and leaves the others alone. Such
 * records are rare: every other one is given back as it is.
 */
export function withFieldErrors<T extends object | null>(
  record: Field<T>,
  account: ReachedAccount,
): Readable<T> {
  if (record === malformed) return malformedError(account) as never;
  const values = record as Record<string, unknown> | null;
  let copy: Record<string, unknown> | null = null;
  for (const name in values) {
    if (values[name] !== malformed) continue;
    copy ??= { ...values };
    copy[name] = malformedError(account);
  }
  return (copy ?? record) as Readable<T>;
}

/** The problem of margins that the gateway does not read from an account's broker, said without a call; null where it does. */
export function marginsNotRead(
  { id, broker: name }: ReachedAccount,
  { broker }: Context,
): Problem | null {
  if (broker.of(name).readsMargins) return null;
  return {
    code: 'NOT_SUPPORTED',
    message: 'The gateway does not read these margins from the broker of this account.',
    retryable: false,
    accountId: id,
  };
}

/** The broker answered, and the answer makes no sense. */
export function malformedAnswer({ id, broker: name }: ReachedAccount): Problem {
  return {
    code: 'UPSTREAM_INVALID_RESPONSE',
    message: 'The broker sent a value of the wrong type, or no value for a required field.',
    retryable: false,
    accountId: id,
    broker: { name, errorType: null, status: 200, message: null },
  };
}
