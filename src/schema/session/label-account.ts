// labelAccount: a user's own name for an account of the keyring.

import { type Context, type ReachedAccount, reachedBySession } from '../../context.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { Limits } from '../../limits.ts';
import { AccountRef, unauthenticated } from '../account.ts';
import {
  AuthenticationErrorRef,
  InputErrorRef,
  reportedType,
  UpstreamErrorRef,
} from '../api-error.ts';
import { builder } from '../builder.ts';
import { accountNotFound, badInput, keyringUnavailable, type Problem } from '../errors/problem.ts';
import { perOperation } from '../per-operation.ts';

const LabelAccountResultRef = builder.unionType('LabelAccountResult', {
  description: 'The account with its label, or the error.',
  types: [AccountRef, InputErrorRef, AuthenticationErrorRef, UpstreamErrorRef],
  resolveType: (value: ReachedAccount | Problem, context) =>
    'code' in value ? reportedType(value, context) : 'Account',
});

builder.mutationField('labelAccount', (t) =>
  t.field({
    type: LabelAccountResultRef,
    description:
      'Gives an account of this browser’s keyring a name of the user’s own, such as "Father" or "HUF". It stays with ' +
      'the account from login to login. One operation gives an account one label. Makes no call to the broker.',
    args: {
      accountId: t.arg.id({ required: true, description: 'The `id` of one of `accounts`.' }),
      label: t.arg.string({
        description:
          'At most 60 characters, as people count them, on one line; spaces around it are removed. Null or an empty ' +
          'text takes the label away.',
      }),
    },
    resolve: async (_root, { accountId, label }, context) => {
      const problem = keyringProblem(context);
      if (problem !== null) return problem;
      const text = label?.trim() ?? '';
      const fault = faultOf(text, context.limits);
      return fault === null
        ? labelOnce(accountId, text === '' ? null : text, context)
        : badInput('label', fault);
    },
  }),
);

interface GivenLabel {
  readonly label: string | null;
  readonly outcome: Promise<ReachedAccount | Problem>;
}

/** The labels that an operation has given, by the accounts. */
const givenLabels = perOperation(() => new Map<string, GivenLabel>());

/** One change of the store an account and operation, under however many aliases the operation asks for it. */
async function labelOnce(accountId: string, label: string | null, context: Context) {
  const labels = givenLabels(context);
  const known = labels.get(accountId);
  if (known?.label === label) return known.outcome;
  if (known !== undefined) {
    return badInput('label', 'This operation gives the account another label already: send one.');
  }
  const outcome = labelAccount(accountId, label, context);
  labels.set(accountId, { label, outcome });
  return outcome;
}

async function labelAccount(
  accountId: string,
  label: string | null,
  { keyring }: Context,
): Promise<ReachedAccount | Problem> {
  try {
    const record = await keyring.label(accountId, label);
    if (record === null) return { ...accountNotFound(accountId), field: 'accountId' };
    return reachedBySession(record);
  } catch (error) {
    if (error instanceof KeyringStoreError) return keyringUnavailable();
    throw error;
  }
}

/** Why this request has no keyring whose accounts it could label; null where it has one. */
function keyringProblem(context: Context): Problem | null {
  const { accounts, keyring } = context;
  if (accounts.some(({ session }) => session === null)) {
    return badInput(
      'accountId',
      'Only accounts of a browser’s keyring have labels. This request came with credentials in its Authorization header.',
    );
  }
  if (keyring.unavailable) return keyringUnavailable();
  return keyring.id === null ? unauthenticated(context) : null;
}

/**
 * What no label holds: control characters, line breaks, halves of a character, and signs that turn the direction of the
 * text around it. Joiners stay: many scripts and emoji need them.
 */
const noText = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Why a text cannot be a label, without quoting it; null where it can. */
function faultOf(text: string, { labelCharacters, labelBytes }: Limits): string | null {
  // First, so that no more than this is ever looked through.
  if (Buffer.byteLength(text) > labelBytes) {
    return `A label has at most ${labelBytes} bytes: send a shorter one.`;
  }
  if (noText.test(text)) return 'A label is text on one line, without control characters.';
  if ([...characters.segment(text)].length > labelCharacters) {
    return `A label has at most ${labelCharacters} characters: send a shorter one.`;
  }
  return null;
}
