// renewSession: a refresh token becomes a new session, on platforms that are given refresh tokens.
import { builder } from './builder.ts';
import { ExchangeTokenResultRef, redemption } from './exchange-token-result.ts';
import { badInput, problemOf } from './problem.ts';
import { newSession } from './session.ts';

const RenewSessionInput = builder.inputType('RenewSessionInput', {
  description: 'Either an account of a keyring, or the refresh token that the caller kept.',
  fields: (t) => ({
    accountId: t.id({ description: 'An account of this browser’s keyring.' }),
    apiKey: t.string({
      description:
        'With `refreshToken`: the app it belongs to. May be left out where the gateway serves one.',
    }),
    refreshToken: t.string({ description: 'The refresh token, for callers that keep their own.' }),
    checksum: t.string({
      description:
        'Only where the gateway holds no secret for the app: hexadecimal SHA-256 of ' +
        '`api_key + refresh_token + api_secret`.',
    }),
  }),
});

builder.mutationField('renewSession', (t) =>
  t.field({
    type: ExchangeTokenResultRef,
    description:
      'Redeems a refresh token (POST /session/refresh_token) and answers with the new session. ' +
      'Kite is called once and never again by itself.',
    args: {
      input: t.arg({
        type: RenewSessionInput,
        required: true,
        description: 'The refresh token and whose it is.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      if (input.accountId != null) {
        return badInput(
          'accountId',
          'No keyring came with this request: send refreshToken instead.',
        );
      }
      if (input.refreshToken == null) {
        return badInput('refreshToken', 'Send the refresh token of the session to renew.');
      }
      const asked = { ...input, tokenField: 'refreshToken', token: input.refreshToken } as const;
      const checked = redemption(asked, context);
      if ('code' in checked) return checked;
      const { apiKey, token, proof } = checked;
      try {
        const session = await context.kite.renewSession(apiKey, token, proof, context.deadline);
        return newSession(session, apiKey, context);
      } catch (error) {
        return problemOf(error, 'redeem', context, { apiKey });
      }
    },
  }),
);
