// Query.node: the object with an id, of those that a request reaches.
import type { Context, ReachedAccount } from '../../context.ts';
import { findAccount, reachedAccounts } from '../account.ts';
import { appsById } from '../app.ts';
import { builder } from '../builder.ts';
import { type Problem, problemError } from '../errors/problem.ts';
import type { Combination } from '../margins/combination.ts';
import { combineAsked, sumSource } from '../margins/combined-margins.ts';
import { kotakMarginsOf } from '../margins/kotak-margins.ts';
import { readSegment, type SegmentSource } from '../margins/margins.ts';
import { accountsOfKey } from '../margins/sum-key.ts';
import { asNode, NodeRef, readNodeId } from '../node.ts';
import { selectedFields } from '../selected-fields.ts';
import { idOfDevice } from '../session/session-device.ts';
import { findSession } from '../session/session-source.ts';
import { findUser } from './user-search.ts';

builder.queryField('node', (t) =>
  t.field({
    type: NodeRef,
    description:
      'The object of this request with this id, for clients that reload one object. Makes the calls that its ' +
      'selected fields need; a segment, or half of one, needs the call for that segment. A User of a keyring is ' +
      'found without a call; with header credentials the gateway reads profiles until it finds the user. Sums are ' +
      'found over all accounts of the request, and over up to 100 selected ones (`LIMIT_SUM_ID_ACCOUNTS`). A ' +
      'segment of a sum is returned only if no account is missing from it; otherwise the error has the code of the ' +
      'failure. NOT_FOUND for any other id.',
    args: { id: t.arg.id({ required: true, description: 'An `id` from an earlier answer.' }) },
    resolve: async (_root, { id }, context, info) => {
      const node = await find({ id, asked: selectedFields(info), context });
      if (node === null) throw notFound('The request has no object with this id.');
      return node;
    },
  }),
);

/** What is looked for. */
interface Search {
  readonly id: string;
  /** The fields asked for, of whatever type. */
  readonly asked: ReadonlySet<string>;
  readonly context: Context;
}

async function find(search: Search): Promise<object | null> {
  const { id, context } = search;
  const { typeName, parts } = readNodeId(id);
  const finder = finders.get(typeName);
  if (finder !== undefined) {
    const node = await finder(search, ...parts);
    return node && asNode(typeName, node);
  }
  const session = findSession(context, id);
  if (session !== undefined) return asNode('Session', session);
  // Without any account it is not known whose the id is: the error says what to send.
  reachedAccounts(context);
  const account = findAccount(context, id);
  return account === undefined ? null : asNode('Account', account);
}

/** Finds an object by the parts of its id; null where the request does not reach it. */
type Finder = (search: Search, owner?: string, part?: string) => Promise<object | null>;

/** How objects are found whose ids name their type. Ids of accounts and sessions are random, or digests. */
const finders: ReadonlyMap<string, Finder> = new Map<string, Finder>([
  ['App', async ({ id, context }) => appsById(context).get(id) ?? null],
  ['User', ({ id, asked, context }) => findUser(id, asked, context)],
  [
    'SessionDevice',
    async ({ id, context }, sessionId = '') => {
      const session = findSession(context, sessionId);
      if (session === undefined) reachedAccounts(context);
      if (session === undefined) return null;
      const { devices, createdFrom } = session;
      const all = createdFrom === null ? devices : [...devices, createdFrom];
      return all.find((device) => idOfDevice(device, context) === id) ?? null;
    },
  ],
  ['Margins', async ({ context }, owner = '') => ownerOf(owner, context) ?? null],
  [
    'KotakMargins',
    async ({ context }, owner = '') => {
      const account = ownerOf(owner, context);
      return account === undefined ? null : kotakMarginsOf(account, context);
    },
  ],
  ['CombinedMargins', ({ asked, context }, key = '') => combined(key, asked, context)],
  ['SegmentMargins', findSegment],
  [
    'AvailableMargins',
    async (...search) => {
      const source = await findSegment(...search);
      return source && amounts(source.available);
    },
  ],
  [
    'UtilisedMargins',
    async (...search) => {
      const source = await findSegment(...search);
      return source && amounts(source.utilised);
    },
  ],
]);

/** Amounts as they are. @throws what stands in their place where Kite sent something else. */
function amounts(value: object): object {
  if (value instanceof Error) throw value;
  return value;
}

/** @throws UNAUTHENTICATED, KEYRING_UNAVAILABLE where the request reaches no account at all. */
function ownerOf(id: string, context: Context): ReachedAccount | undefined {
  reachedAccounts(context);
  return findAccount(context, id);
}

async function findSegment(
  { context }: Search,
  owner = '',
  part = '',
): Promise<SegmentSource | null> {
  if (part !== 'equity' && part !== 'commodity' && part !== 'total') return null;
  const account = ownerOf(owner, context);
  if (account !== undefined) return part === 'total' ? null : readSegment(account, part, context);
  const combination = await combined(owner, new Set([part]), context);
  if (combination === null) return null;
  refusePartial(combination);
  return sumSource(combination, part);
}

/** The sums that a key stands for. @throws NOT_FOUND where they cannot be told from it. */
async function combined(
  key: string,
  asked: ReadonlySet<string>,
  context: Context,
): Promise<Combination | null> {
  reachedAccounts(context);
  const keyed = accountsOfKey(key, context);
  if ('ids' in keyed) return combineAsked(keyed.ids, asked, context);
  if (keyed.reason === 'not-reached') {
    throw notFound(
      'This request does not reach every account of these sums: ask combinedMargins for the accounts that it reaches.',
    );
  }
  if (keyed.reason === 'too-many') {
    const { sumIdAccounts } = context.limits;
    throw notFound(
      `These sums are not over all accounts of this request, and the id of sums over more than ${sumIdAccounts} ` +
        'accounts does not tell which: ask combinedMargins with their accountIds.',
    );
  }
  return null;
}

/** A sum says who is missing from it, which a segment alone cannot. @throws the first reason. */
function refusePartial({ failures }: Combination): void {
  const failure = failures.find(({ error }) => error.code !== 'DUPLICATE_USER');
  if (failure === undefined) return;
  const message =
    'An account is missing from these sums, and a part of them cannot say so: ask combinedMargins, whose `failures` ' +
    `name it. ${failure.error.message}`;
  throw problemError({ ...failure.error, message });
}

function notFound(message: string): Error {
  const problem: Problem = { code: 'NOT_FOUND', message, retryable: false, field: 'id' };
  return problemError(problem);
}
