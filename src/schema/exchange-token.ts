// exchangeToken: a request token becomes a session.
import { builder } from './builder.ts';
import { ExchangeTokenResultRef, redemption } from './exchange-token-result.ts';
import { problemOf } from './problem.ts';
import { newSession } from './session.ts';

const ExchangeTokenInput = builder.inputType('ExchangeTokenInput', {
  description: 'What came back from Kite’s login page.',
  fields: (t) => ({
    requestToken: t.string({
      required: true,
      description: 'The `request_token` of the redirect. It works once, for about five minutes.',
    }),
    apiKey: t.string({
      description:
        'The app that the user logged in through. May be left out where the gateway serves one.',
    }),
    checksum: t.string({
      description:
        'Only where the gateway holds no secret for the app: hexadecimal SHA-256 of ' +
        '`api_key + request_token + api_secret`.',
    }),
    state: t.string({
      description: 'The nonce from the redirect; needed when the session goes into a keyring.',
    }),
  }),
});

builder.mutationField('exchangeToken', (t) =>
  t.field({
    type: ExchangeTokenResultRef,
    description:
      'Redeems a request token (POST /session/token) and answers with the session, its user and account ' +
      'included: no further call. Kite is called once and never again by itself.',
    args: {
      input: t.arg({
        type: ExchangeTokenInput,
        required: true,
        description: 'The request token and whose it is.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const asked = { ...input, tokenField: 'requestToken', token: input.requestToken } as const;
      const checked = redemption(asked, context);
      if ('code' in checked) return checked;
      const { apiKey, token, proof } = checked;
      try {
        const session = await context.kite.exchangeToken(apiKey, token, proof, context.deadline);
        return newSession(session, apiKey, context);
      } catch (error) {
        return problemOf(error, 'redeem', context, { apiKey });
      }
    },
  }),
);
