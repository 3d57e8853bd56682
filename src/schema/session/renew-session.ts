// renewSession: a refresh token becomes a new session, on platforms that are given refresh tokens.

import type { Proof } from '../../brokers/broker.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import { type Context, reachedBySession } from '../../context.ts';
import type { SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import { findAccount } from '../account.ts';
import { builder } from '../builder.ts';
import {
  badInput,
  keyringUnavailable,
  keyringUnavailableAfterCall,
  type Problem,
  problemOf,
} from '../errors/problem.ts';
import { attemptRefused, ExchangeTokenResultRef, redemption } from './exchange-token-result.ts';
import { newSessionOfRecord, sessionForCaller } from './session-source.ts';

const RenewSessionInput = builder.inputType('RenewSessionInput', {
  description: 'Either an account of a keyring, or a refresh token that the caller stores.',
  fields: (t) => ({
    accountId: t.id({ description: 'An account of this browser’s keyring.' }),
    apiKey: t.string({
      description: 'With `refreshToken`: its app. Optional if the gateway serves one app.',
    }),
    refreshToken: t.string({
      description: 'The refresh token, for callers that store tokens themselves.',
    }),
    checksum: t.string({
      description:
        'Only if the gateway has no secret for the app: hexadecimal SHA-256 of `api_key + refresh_token + ' +
        'api_secret`.',
    }),
  }),
});

builder.mutationField('renewSession', (t) =>
  t.field({
    type: ExchangeTokenResultRef,
    description:
      'Redeems a refresh token (POST /session/refresh_token) and returns the new session. The gateway makes this ' +
      'call once and does not retry it.',
    args: {
      input: t.arg({
        type: RenewSessionInput,
        required: true,
        description: 'The refresh token and its app.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const { accountId, refreshToken, ...rest } = input;
      if ((accountId == null) === (refreshToken == null)) {
        return badInput('refreshToken', 'Send either accountId or refreshToken.');
      }
      const record = accountId == null ? null : ownSession(accountId, context);
      if (record !== null && 'code' in record) return record;
      const kept = record && { apiKey: record.apiKey, token: record.refreshToken?.reveal() ?? '' };
      const checked = redemption(
        {
          token: refreshToken ?? '',
          ...rest,
          ...kept,
          tokenField: 'refreshToken',
          forKeyring: record !== null,
        },
        context,
      );
      if ('code' in checked) return checked;
      const { apiKey, token, proof } = checked;
      const tooMany = record === null ? await attemptRefused(proof, context) : null;
      if (tooMany !== null) return tooMany;
      try {
        if (record !== null) return await renewKept(record, token, proof, context);
        const session = await context.broker.renewSession(apiKey, token, proof, context.deadline);
        return sessionForCaller(session, apiKey, context, token.reveal());
      } catch (error) {
        if (error instanceof KeyringStoreError) {
          return keyringUnavailableAfterCall();
        }
        return problemOf(error, 'redeem', context, { apiKey });
      }
    },
  }),
);

async function renewKept(record: SessionRecord, token: Secret, proof: Proof, context: Context) {
  const old = reachedBySession(record).access;
  try {
    if (old !== null) context.loaders.forget(old);
    const renewed = await context.keyring.renew(record, token, proof);
    if (renewed === 'keyring-unavailable') return keyringUnavailable();
    return renewed === null
      ? badInput('accountId', 'The session ended while it was being renewed: log in again.')
      : newSessionOfRecord(renewed.record, renewed.session, context);
  } finally {
    if (old !== null) context.loaders.forget(old);
  }
}

/** The session of a keyring's account that can be renewed, or the error. */
function ownSession(accountId: string, context: Context): SessionRecord | Problem {
  const session = findAccount(context, accountId)?.session;
  if (session == null) {
    return context.keyring.unavailable
      ? keyringUnavailable()
      : badInput('accountId', 'No account of a keyring with this id came with this request.');
  }
  return session.refreshToken === null
    ? badInput('accountId', 'The broker gave no refresh token with this session: log in again.')
    : session;
}
