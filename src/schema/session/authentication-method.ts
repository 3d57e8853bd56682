// AuthenticationMethod: what was given for a session, and its enums.
import type { AuthenticationMethod } from '../../brokers/answers.ts';
import { BrokerEnum } from '../broker.ts';
import { builder } from '../builder.ts';

/** The GraphQL enum AuthenticationMethodName. */
export const MethodNameEnum = builder.enumType('AuthenticationMethodName', {
  description: 'What was given for a session.',
  values: {
    BROKER_LOGIN: {
      description:
        'A login on the broker’s own page. The gateway does not see what the page asked for.',
    },
    REFRESH_TOKEN: { description: 'The refresh token of the session: it was renewed.' },
    PASSWORD: { description: 'A password or PIN, through this gateway.' },
    ACCESS_CODE: { description: 'A code that the broker sent to the user, through this gateway.' },
    ONE_TIME_TOKEN: {
      description:
        'The one-time token of the password’s answer, in place of a code: the broker waives the code.',
    },
  } as const,
});

/** The GraphQL enum AssuranceLevel. */
export const AssuranceLevelEnum = builder.enumType('AssuranceLevel', {
  description: 'How many factors a login has proved.',
  values: {
    SINGLE_FACTOR: { description: 'One factor.' },
    TWO_FACTOR: { description: 'Two different factors.' },
  } as const,
});

/** The GraphQL type AuthenticationMethod. */
export const AuthenticationMethodRef = builder
  .objectRef<AuthenticationMethod>('AuthenticationMethod')
  .implement({
    description: 'One thing that was given for a session.',
    fields: (t) => ({
      method: t.expose('method', {
        type: MethodNameEnum,
        nullable: false,
        description: 'What was given.',
      }),
      assuranceLevel: t.expose('assuranceLevel', {
        type: AssuranceLevelEnum,
        description:
          'The level that the login reached with it; null where the broker does not prove one.',
      }),
      completedAt: t.expose('completedAt', {
        type: 'DateTime',
        description:
          'When it was given, according to the broker, or to the gateway for what went through it; null if neither ' +
          'knows.',
      }),
      provider: t.expose('provider', {
        type: BrokerEnum,
        nullable: false,
        description: 'The broker that checked it.',
      }),
    }),
  });
