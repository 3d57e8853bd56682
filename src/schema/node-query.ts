// Query.node: the object with an id, of those that a request reaches.
import type { Context, ReachedAccount } from '../context.ts';
import { findAccount, reachedAccounts } from './account.ts';
import { appsById } from './app.ts';
import { builder } from './builder.ts';
import { problemError } from './errors/problem.ts';
import { combinationOfAll, sumSource } from './margins/combined-margins.ts';
import { segment } from './margins/margins.ts';
import { asNode, NodeRef, readNodeId } from './node.ts';
import { sessionsOf } from './session/session.ts';
import { idOfUser, userOf } from './user.ts';

builder.queryField('node', (t) =>
  t.field({
    type: NodeRef,
    description:
      'The object with an id, of those that this request reaches: for clients that read one object again. Costs the ' +
      'calls that its fields cost. Sums are found where they are over every account of the request. ' +
      'NOT_FOUND for any other id.',
    args: { id: t.arg.id({ required: true, description: 'An `id` from an earlier answer.' }) },
    resolve: async (_root, { id }, context) => {
      const node = await find(id, context);
      if (node === null) {
        throw problemError({
          code: 'NOT_FOUND',
          message: 'This request reaches no object with this id.',
          retryable: false,
          field: 'id',
        });
      }
      return node;
    },
  }),
);

async function find(id: string, context: Context): Promise<object | null> {
  const account = findAccount(context, id);
  if (account !== undefined) return asNode('Account', account);
  const session = sessionsOf(context).find((each) => each.id === id);
  if (session !== undefined) return asNode('Session', session);
  const { typeName, parts } = readNodeId(id);
  const [owner = '', part = ''] = parts;
  if (typeName === 'App') {
    const app = appsById(context).get(id);
    return app === undefined ? null : asNode('App', app);
  }
  if (typeName === 'User') return findUser(id, context);
  if (typeName === 'SessionDevice') {
    const devices = sessionsOf(context).find((each) => each.id === owner)?.devices ?? [];
    const device = devices.find((each) => each.id === id);
    return device === undefined ? null : asNode(typeName, device);
  }
  const margined = findAccount(context, owner);
  if (typeName === 'Margins') return margined === undefined ? null : asNode(typeName, margined);
  if (typeName === 'CombinedMargins') return combined(owner, context);
  const source = await marginsPart(margined, owner, part, context);
  if (source === null) return null;
  if (typeName === 'SegmentMargins') return asNode(typeName, source);
  if (typeName === 'AvailableMargins') return asNode(typeName, source.available);
  return typeName === 'UtilisedMargins' ? asNode(typeName, source.utilised) : null;
}

async function marginsPart(
  account: ReachedAccount | undefined,
  owner: string,
  part: string,
  context: Context,
) {
  if (part !== 'equity' && part !== 'commodity' && part !== 'total') return null;
  if (account !== undefined) return part === 'total' ? null : segment(account, part, context);
  const combination = await combinationOfAll(owner, context);
  return combination && sumSource(combination, part);
}

async function combined(owner: string, context: Context): Promise<object | null> {
  const combination = await combinationOfAll(owner, context);
  return combination && asNode('CombinedMargins', combination);
}

/** Whose user it is, a keyring knows from the login; of header credentials, Kite has to be asked. */
async function findUser(id: string, context: Context): Promise<object | null> {
  const users = await Promise.all(
    reachedAccounts(context).map((account) =>
      userOf(account, context, new Set(['id', 'userId'])).catch(() => null),
    ),
  );
  const index = users.findIndex((user) => user !== null && idOfUser(user) === id);
  const account = context.accounts[index];
  return account === undefined ? null : asNode('User', await userOf(account, context, everyField));
}

const everyField: ReadonlySet<string> = new Set(['email']);
