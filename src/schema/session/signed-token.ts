// Session.signedToken: a token by which other services know whose session a request belongs to.

import type { Context } from '../../context.ts';
import { builder } from '../builder.ts';
import { badInput, problemError } from '../errors/problem.ts';
import { perOperation } from '../per-operation.ts';
import { SessionRef } from './session.ts';
import type { SessionSource } from './session-source.ts';
import { stateOf } from './session-state.ts';

type SignedToken = Promise<string | null | 'unknown-template'>;

/** The tokens of each operation by session and template. */
const signedTokens = perOperation(() => new Map<string, SignedToken>());

/** The token of a session by a template: one signature for an operation, however often it is selected. */
function tokenOf(
  { account: { session }, isElsewhere }: SessionSource,
  template: string,
  context: Context,
): SignedToken {
  const { tokens, limits } = context;
  if (tokens === null || session === null || isElsewhere) return Promise.resolve(null);
  const key = `${session.sessionId} ${template}`;
  const ofOperation = signedTokens(context);
  const known = ofOperation.get(key);
  if (known !== undefined) return known;
  if (ofOperation.size >= limits.signedTokens) {
    const message = `One operation gets at most ${limits.signedTokens} different tokens: ask for fewer at a time.`;
    throw problemError({ code: 'TOO_LARGE', message, retryable: false });
  }
  const token = tokens.issue(session, template);
  ofOperation.set(key, token);
  return token;
}

builder.objectField(SessionRef, 'signedToken', (t) =>
  t.string({
    description:
      'A short-lived JWT for another service, which verifies it with the keys at `/.well-known/jwks.json`. Made when it ' +
      'is selected, and never stored. Null if the operator has set no keys, if the session is not ACTIVE or is not in ' +
      'this browser’s keyring, and after `expiresAt`. It does not open this API. Makes no call to the broker.',
    args: {
      template: t.arg.string({
        defaultValue: 'default',
        description: 'One of the operator’s templates. An unknown one is BAD_USER_INPUT.',
      }),
    },
    resolve: async (session, { template }, context, info) => {
      if ((await stateOf(session, context, info)) !== 'ACTIVE') return null;
      const token = await tokenOf(session, template ?? 'default', context);
      if (token !== 'unknown-template') return token;
      throw problemError(badInput('template', 'The gateway has no token template of this name.'));
    },
  }),
);
