// The whole schema: loads every noun, then builds. Printed, it is schema.graphql.
import { specifiedDirectives } from 'graphql';
import { builder } from './builder.ts';
import { deferDirective } from './defer.ts';
import './account-failure.ts';
import './app.ts';
import './margins/combined-margins.ts';
import './date-time.ts';
import './login/begin-login.ts';
import './login/complete-login.ts';
import './session/exchange-token.ts';
import './session/label-account.ts';
import './session/logout.ts';
import './margins/kotak-margins.ts';
import './margins/margins.ts';
import './margins/margins-changed.ts';
import './node/node-query.ts';
import './session/renew-session.ts';
import './session/revoke-sessions.ts';
import './session/sessions.ts';
import './session/sessions-changed.ts';
import './session/signed-token.ts';
import './user.ts';

builder.queryType({
  description: 'Read operations. A field that fails is null; the others are not affected.',
});
builder.mutationType({
  description: 'Write operations. Fields run one after another, in the order of the document.',
});
builder.subscriptionType({
  description:
    'Subscriptions, over server-sent events: send a POST with `Accept: text/event-stream`. If the connection ' +
    'closes without `event: complete`, subscribe again.',
});

/** The GraphQL schema of the gateway. */
export const schema = builder.toSchema({ directives: [...specifiedDirectives, deferDirective] });
