// beginLogin: a user id and a password become a challenge, at a broker without a login page.
import { isWellFormedToken, Secret } from '../../brokers/upstream/secret.ts';
import type { BegunChallenge } from '../../browser-keyring.ts';
import type { Context } from '../../context.ts';
import {
  AuthenticationErrorRef,
  InputErrorRef,
  reportedType,
  UpstreamErrorRef,
} from '../api-error.ts';
import { BrokerEnum } from '../broker.ts';
import { builder } from '../builder.ts';
import { badInput, type Problem } from '../errors/problem.ts';
import { MethodNameEnum } from '../session/authentication-method.ts';
import { barredFromLogin, failedLogin } from './login-problem.ts';

const BeginLoginInput = builder.inputType('BeginLoginInput', {
  description: 'What a user types at the first step of a login.',
  fields: (t) => ({
    apiKey: t.string({
      description:
        'The app that the user logs in through. Optional if one app of the gateway has such a login.',
    }),
    userId: t.string({ required: true, description: 'The user id at the broker.' }),
    password: t.string({
      required: true,
      description:
        'The password. Send it as a variable: a document that contains it is refused, because documents are kept.',
      extensions: { isSecret: true },
    }),
  }),
});

const LoginChallengeRef = builder.objectRef<BegunChallenge>('LoginChallenge').implement({
  description:
    'What the broker wants next. Its id serves for `completeLogin` alone, once, for some minutes, and from the same ' +
    'browser; where the gateway returns tokens and no cookie is used, from each caller who knows the id.',
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false, description: 'Opaque id for `completeLogin`.' }),
    broker: t.expose('broker', {
      type: BrokerEnum,
      nullable: false,
      description: 'The broker that the user logs in to.',
    }),
    method: t.field({
      type: MethodNameEnum,
      nullable: false,
      description: 'What the user gives next.',
      resolve: () => 'ACCESS_CODE' as const,
    }),
    sentTo: t.field({
      type: ['String'],
      nullable: false,
      description: 'Where the broker sent the code, as it masks its addresses.',
      resolve: ({ sentTo }) => [...sentTo],
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: false,
      description: 'Until when the gateway accepts the second step. The broker may want it sooner.',
    }),
  }),
});

const BeginLoginResultRef = builder.unionType('BeginLoginResult', {
  description: 'What the broker wants next, or the error.',
  types: [LoginChallengeRef, InputErrorRef, AuthenticationErrorRef, UpstreamErrorRef],
  resolveType: (value: BegunChallenge | Problem, context) =>
    'code' in value ? reportedType(value, context) : 'LoginChallenge',
});

builder.mutationField('beginLogin', (t) =>
  t.field({
    type: BeginLoginResultRef,
    description:
      'The first step of a login at a broker without a login page (Kotak): the gateway sends the user id and the ' +
      'password to the broker, once, and keeps neither. The second step is `completeLogin`. A browser can leave both ' +
      'to the page at `App.loginUrl`.',
    args: {
      input: t.arg({
        type: BeginLoginInput,
        required: true,
        description: 'The user id, the password and the app.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const password = new Secret(input.password);
      const { apiKey, userId } = input;
      return begin({ apiKey, userId, password }, context);
    },
  }),
);

async function begin(
  given: {
    readonly apiKey?: string | null | undefined;
    readonly userId: string;
    readonly password: Secret;
  },
  context: Context,
): Promise<BegunChallenge | Problem> {
  const { apps, keyring } = context;
  const { userId, password } = given;
  const barred = barredFromLogin(context);
  if (barred !== null) return barred;
  const apiKey = given.apiKey ?? apps.onlyByPassword?.apiKey;
  if (apiKey === undefined) {
    return badInput(
      'apiKey',
      'Say which app the login is for: not exactly one app has such a login.',
    );
  }
  if (apps.find(apiKey) === undefined) return badInput('apiKey', 'The gateway has no such app.');
  // It goes into a header of a call.
  if (!isWellFormedToken(new Secret(userId))) return badInput('userId', 'This is not a user id.');
  if (password.reveal() === '') return badInput('password', 'The password is empty.');
  const begun = await keyring.beginLogin({ apiKey, userId, password });
  return 'reason' in begun ? failedLogin(begun, context) : begun;
}
