// App: an app of this gateway at a broker, its budget, and where its users log in.

import type { BrokerApp } from '../brokers/apps.ts';
import { type Budget, remainingCalls } from '../brokers/budget.ts';
import type { Context } from '../context.ts';
import { BrokerEnum } from './broker.ts';
import { builder } from './builder.ts';
import { badInput, problemError } from './errors/problem.ts';
import { NodeRef, nodeId } from './node.ts';
import { perOperation } from './per-operation.ts';

const RedirectParamInput = builder.inputType('RedirectParam', {
  description: 'A parameter that Kite adds to the redirect URL after a login.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name in the query string.' }),
    value: t.string({ required: true, description: 'Its value. The gateway URL-encodes it.' }),
  }),
});

const idOfApp = ({ apiKey }: BrokerApp) => nodeId('App', apiKey);

/** The apps that this gateway lists, by their ids. */
export function appsById({ apps }: Context): ReadonlyMap<string, BrokerApp> {
  return new Map(apps.listed.map((app) => [idOfApp(app), app]));
}

const AppBudgetRef = builder.objectRef<Budget>('AppBudget').implement({
  description:
    'How many calls to the broker an app may start, over all its users. Calls beyond that wait for their turn.',
  fields: (t) => ({
    limit: t.int({
      description: 'The most calls in any second; null where the gateway sets no limit.',
      resolve: ({ limit }) => (Number.isFinite(limit) ? limit : null),
    }),
    remaining: t.int({
      description:
        'The calls that may start now; 0 while the broker refuses calls of the app, null without a limit.',
      resolve: remainingCalls,
    }),
    waiting: t.int({
      nullable: false,
      description: 'The calls that wait for their turn in this process.',
      resolve: ({ waiting: { login, accepted, other } }) => login + accepted + other,
    }),
  }),
});

const AppRef = builder.objectRef<BrokerApp>('App').implement({
  interfaces: [NodeRef],
  description: 'An app at a broker that this gateway serves. Its secret never leaves the gateway.',
  fields: (t) => ({
    id: t.id({ nullable: false, description: 'Opaque id of the app.', resolve: idOfApp }),
    broker: t.expose('broker', {
      type: BrokerEnum,
      nullable: false,
      description: 'The broker whose users log in through the app.',
    }),
    apiKey: t.exposeString('apiKey', { nullable: false, description: "The app's public key." }),
    name: t.exposeString('name', {
      description: 'A name for people, if the operator has set one.',
    }),
    budget: t.field({
      type: AppBudgetRef,
      description: 'What is left of the calls that the app may make, to plan by. Costs no call.',
      resolve: (app, _arguments, context) =>
        once(app, context, 'budget', () => context.broker.of(app.broker).budgetOf(app.apiKey)),
    }),
    loginUrl: t.string({
      nullable: false,
      description:
        'This gateway’s login page, for browsers. It redirects to the broker and back, or asks for user id and password ' +
        'itself where the broker has no login page, and adds a session to this browser’s keyring. Reading this field ' +
        'does not start a login.',
      args: {
        returnTo: t.arg.string({
          description: 'Where the browser goes after the login: a page of an allowed origin.',
        }),
      },
      resolve: (app, { returnTo }, context) => {
        const judged = returnTo == null ? null : context.returnTo(returnTo);
        if (judged !== null && 'refusal' in judged) {
          throw problemError(badInput('returnTo', judged.refusal));
        }
        return once(app, context, `returnTo ${JSON.stringify(returnTo)}`, () =>
          context.apps.loginUrl(app.apiKey, returnTo),
        );
      },
    }),
    brokerLoginUrl: t.string({
      description:
        'The broker’s own login page, for servers that handle its redirect themselves. After the login Kite ' +
        'redirects the browser to the app’s redirect URL with a `request_token` for `exchangeToken`. Null for a ' +
        'broker without such a page.',
      args: {
        redirectParams: t.arg({
          type: [RedirectParamInput],
          description:
            'Parameters that Kite returns after a successful login, such as a nonce of your own. Kite drops them when ' +
            'the user cancels.',
        }),
      },
      resolve: (app, { redirectParams }, context) => {
        const pairs = redirectParams ?? [];
        const characters = pairs.reduce(
          (sum, { name, value }) => sum + name.length + value.length,
          0,
        );
        if (pairs.length > context.limits.redirectParams) throw tooMany(context);
        if (characters > context.limits.redirectParamsCharacters) throw tooLong(context);
        const key = JSON.stringify(pairs.map(({ name, value }) => [name, value]));
        return once(app, context, `redirectParams ${key}`, () =>
          context.apps.brokerLoginUrl(app.apiKey, redirectParams),
        );
      },
    }),
  }),
});

const computed = perOperation(() => new Map<string, unknown>());

/** Computes what a field answers once for each operation, app and arguments, however many aliases ask for it. */
function once<Value>(
  { apiKey }: BrokerApp,
  context: Context,
  argument: string,
  compute: () => Value,
): Value {
  const known = computed(context);
  const key = `${apiKey} ${argument}`;
  // Only this function writes to the map, and a key stands for one field.
  const value = known.has(key) ? (known.get(key) as Value) : compute();
  known.set(key, value);
  return value;
}

function tooLong({ limits }: Context): Error {
  const message = `redirectParams are too long: ${limits.redirectParamsCharacters} characters are allowed in all.`;
  return problemError(badInput('redirectParams', message));
}

function tooMany({ limits }: Context): Error {
  const message = `Too many redirectParams: ${limits.redirectParams} are allowed.`;
  return problemError(badInput('redirectParams', message));
}

builder.queryField('apps', (t) =>
  t.field({
    type: [AppRef],
    nullable: false,
    description: 'The listed apps of this gateway. Needs no credential.',
    resolve: (_root, _arguments, { apps }) => [...apps.listed],
  }),
);
