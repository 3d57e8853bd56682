// completeLogin: a challenge and the access code become a session.
import { isWellFormedToken, Secret } from '../../brokers/upstream/secret.ts';
import type { GivenCode } from '../../browser-keyring.ts';
import type { Context } from '../../context.ts';
import { builder } from '../builder.ts';
import { badInput, type Problem } from '../errors/problem.ts';
import { ExchangeTokenResultRef } from '../session/exchange-token-result.ts';
import {
  newSessionOfRecord,
  type SessionSource,
  sessionForCaller,
  sessionOfRecord,
} from '../session/session-source.ts';
import { barredFromLogin, failedLogin } from './login-problem.ts';

const CompleteLoginInput = builder.inputType('CompleteLoginInput', {
  description: 'The second step of a login.',
  fields: (t) => ({
    challengeId: t.id({ required: true, description: 'The `id` of the LoginChallenge.' }),
    accessCode: t.string({
      description:
        'The code that the broker sent to the user; left out for a user for whom the broker waives it. Send it as a ' +
        'variable: a document that contains it is refused.',
      extensions: { isSecret: true },
    }),
  }),
});

builder.mutationField('completeLogin', (t) =>
  t.field({
    type: ExchangeTokenResultRef,
    description:
      'The second step of a login that `beginLogin` began. The session goes into this browser’s keyring; where no ' +
      'cookie is used and the operator allows tokens in answers, to the caller. The gateway sends the code once: after ' +
      'a wrong one, start again with `beginLogin`.',
    args: {
      input: t.arg({
        type: CompleteLoginInput,
        required: true,
        description: 'The challenge and the code.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const accessCode = input.accessCode == null ? null : new Secret(input.accessCode.trim());
      return complete({ challengeId: input.challengeId, accessCode }, context);
    },
  }),
);

async function complete(given: GivenCode, context: Context): Promise<SessionSource | Problem> {
  const barred = barredFromLogin(context);
  if (barred !== null) return barred;
  if (given.accessCode !== null && !isWellFormedToken(given.accessCode)) {
    return badInput(
      'accessCode',
      'This is not an access code. Leave it out only where the broker waives it.',
    );
  }
  const { keyring } = context;
  if (keyring.barred !== null) {
    const obtained = await keyring.completeForCaller(given);
    if ('reason' in obtained) return failedLogin(obtained, context);
    return sessionForCaller(obtained.session, obtained.apiKey, context);
  }
  const result = await keyring.completeLogin(given);
  if ('reason' in result) return failedLogin(result, context);
  const { record, session } = result;
  return session === null ? sessionOfRecord(record) : newSessionOfRecord(record, session, context);
}
