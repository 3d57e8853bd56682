// The whole schema: loads every noun, then builds. Printed, it is schema.graphql.
import { specifiedDirectives } from 'graphql';
import { builder } from './builder.ts';
import { deferDirective } from './defer.ts';
import './account-failure.ts';
import './app.ts';
import './margins/combined-margins.ts';
import './date-time.ts';
import './session/exchange-token.ts';
import './session/logout.ts';
import './margins/margins.ts';
import './margins/margins-changed.ts';
import './node/node-query.ts';
import './session/renew-session.ts';
import './session/session.ts';
import './user.ts';

builder.queryType({
  description:
    'What can be asked. Every field is answered on its own: one that fails is null, and leaves the others alone.',
});
builder.mutationType({
  description: 'What can be changed. Fields run one after another, in the order written.',
});
builder.subscriptionType({
  description:
    'What can be followed, over server-sent events: POST it with `Accept: text/event-stream`. ' +
    'A connection that breaks off without `event: complete` is to be opened again.',
});

/** The GraphQL schema of the gateway. */
export const schema = builder.toSchema({ directives: [...specifiedDirectives, deferDirective] });
