// exchangeToken: a request token becomes a session.

import { Secret } from '../../brokers/upstream/secret.ts';
import type { LoginFailure } from '../../browser-keyring.ts';
import type { Context } from '../../context.ts';
import { builder } from '../builder.ts';
import {
  badInput,
  keyringUnavailable,
  keyringUnavailableAfterCall,
  type Problem,
  problemOf,
} from '../errors/problem.ts';
import {
  attemptRefused,
  ExchangeTokenResultRef,
  redemption,
  tooManyAttempts,
} from './exchange-token-result.ts';
import {
  newSessionOfRecord,
  type SessionSource,
  sessionForCaller,
  sessionOfRecord,
} from './session-source.ts';

const ExchangeTokenInput = builder.inputType('ExchangeTokenInput', {
  description: 'The result of the redirect from Kite’s login page.',
  fields: (t) => ({
    requestToken: t.string({
      required: true,
      description: 'The `request_token` of the redirect. It works once, for about five minutes.',
    }),
    apiKey: t.string({
      description:
        'The app that the user logged in through. Optional if the gateway serves one app.',
    }),
    checksum: t.string({
      description:
        'Only if the gateway has no secret for the app: hexadecimal SHA-256 of `api_key + request_token + ' +
        'api_secret`.',
    }),
    state: t.string({
      description:
        'The `state` parameter of the redirect. With it, the session is added to this browser’s keyring, and the ' +
        'answer contains no token. Accepted only from the gateway’s own origin or an allowed one.',
    }),
  }),
});

builder.mutationField('exchangeToken', (t) =>
  t.field({
    type: ExchangeTokenResultRef,
    description:
      'Redeems a request token (POST /session/token) and returns the session with its user and account, without a ' +
      'further call. The gateway makes this call once and does not retry it.',
    args: {
      input: t.arg({
        type: ExchangeTokenInput,
        required: true,
        description: 'The request token and its app.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const { requestToken, state, ...rest } = input;
      if (state != null) return intoKeyring({ ...input, state }, context);
      const asked = { ...rest, tokenField: 'requestToken', token: requestToken } as const;
      const checked = redemption({ ...asked, forKeyring: false }, context);
      if ('code' in checked) return checked;
      const { apiKey, token, proof } = checked;
      const tooMany = await attemptRefused(proof, context);
      if (tooMany !== null) return tooMany;
      try {
        const session = await context.broker.exchangeToken(apiKey, token, proof, context.deadline);
        return sessionForCaller(session, apiKey, context);
      } catch (error) {
        return problemOf(error, 'redeem', context, { apiKey });
      }
    },
  }),
);

/** Completes a login of this very browser; a problem where it may not, or did not, begin one. */
async function intoKeyring(
  input: typeof ExchangeTokenInput.$inferInput & { readonly state: string },
  context: Context,
): Promise<SessionSource | Problem> {
  const { keyring } = context;
  const { apiKey, checksum, requestToken, state: nonce } = input;
  if (keyring.barred !== null) return badInput('state', keyring.barred);
  if (checksum != null) return badInput('checksum', 'Leave it out: this gateway computes it.');
  const redirect = { nonce, requestToken: new Secret(requestToken), apiKey };
  const result = await keyring.completeLogin(redirect);
  if ('reason' in result) return problemOfFailure(result, context);
  const { record, session } = result;
  return session === null ? sessionOfRecord(record) : newSessionOfRecord(record, session, context);
}

function problemOfFailure(failure: LoginFailure, context: Context): Problem {
  switch (failure.reason) {
    case 'unknown-login':
    case 'too-late':
      return badInput(
        'state',
        'This browser has begun no such login, or too long ago: begin it again at loginUrl.',
      );
    case 'other-app':
      return badInput('apiKey', 'The login was begun for another app.');
    case 'no-token':
      return badInput('requestToken', 'This is not a token of Kite.');
    case 'too-many-attempts':
      return tooManyAttempts(failure.retryAfterSeconds);
    case 'keyring-unavailable':
      return failure.isTokenSpent ? keyringUnavailableAfterCall() : keyringUnavailable();
    case 'broker':
      return problemOf(failure.error, 'redeem', context, failure);
  }
}
