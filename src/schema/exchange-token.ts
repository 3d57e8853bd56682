// exchangeToken: a request token becomes a session.
import type { Context } from '../context.ts';
import { KeyringStoreError } from '../keyring/store.ts';
import type { KiteSession } from '../kite/session.ts';
import { builder } from './builder.ts';
import { attemptRefused, ExchangeTokenResultRef, redemption } from './exchange-token-result.ts';
import { keeping } from './keeping.ts';
import { badInput, keyringUnavailable, problemOf } from './problem.ts';
import { newSessionOfRecord, type SessionSource, sessionForCaller } from './session.ts';

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
      description:
        'The nonce from the redirect, its `state` parameter: then the session goes into this browser’s keyring, ' +
        'and the answer holds no token. Only from the gateway’s own origin or one that its operator allowed.',
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
      const { requestToken, state, ...rest } = input;
      const login = state == null ? null : await begunHere(state, input.apiKey, context);
      if (login !== null && 'code' in login) return login;
      const asked = {
        ...rest,
        ...(login && { apiKey: login.apiKey }),
        tokenField: 'requestToken',
        token: requestToken,
      } as const;
      const checked = redemption({ ...asked, forKeyring: login !== null }, context);
      if ('code' in checked) return checked;
      const { apiKey, token, proof } = checked;
      const tooMany = attemptRefused(proof, context);
      if (tooMany !== null) return tooMany;
      if (login !== null) {
        // Kite takes the token once: it is not spent where its session could not be kept.
        if (!(await canKeep(context))) return keyringUnavailable();
        context.keyring.forgetPendingLogin(login);
      }
      let session: KiteSession;
      try {
        session = await context.kite.exchangeToken(apiKey, token, proof, context.deadline);
      } catch (error) {
        return problemOf(error, 'redeem', context, { apiKey });
      }
      if (login === null) return sessionForCaller(session, apiKey, context);
      return keeping(async (): Promise<SessionSource> => {
        const record = await context.keyring.add(apiKey, session);
        return newSessionOfRecord(record, session, context);
      });
    },
  }),
);

async function canKeep({ keyring }: Context): Promise<boolean> {
  try {
    await keyring.ready();
    return true;
  } catch (error) {
    if (error instanceof KeyringStoreError) return false;
    throw error;
  }
}

/** The login that this very browser began; a problem where it may not, or did not, begin one. */
async function begunHere(state: string, apiKey: string | null | undefined, { keyring }: Context) {
  if (keyring.barred !== null) return badInput('state', keyring.barred);
  const login = await keyring.pendingLogin(state);
  if (login === null) {
    return badInput(
      'state',
      'This browser has begun no such login, or too long ago: begin it again at loginUrl.',
    );
  }
  const isOther = apiKey != null && apiKey !== login.apiKey;
  return isOther ? badInput('apiKey', 'The login was begun for another app.') : login;
}
