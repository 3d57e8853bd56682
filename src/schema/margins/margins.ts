// Margins: the two segments of an account.

import type { Segment } from '../../brokers/answers.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import type { Account } from '../../loaders/account.ts';
import { AccountRef } from '../account.ts';
import { builder } from '../builder.ts';
import { problemError } from '../errors/problem.ts';
import { marginsNotRead, readField, wellFormed } from '../field-reads.ts';
import { NodeRef, nodeId } from '../node.ts';
import { SegmentMarginsRef, type SegmentSource, segmentSource } from './segment-margins.ts';

/** The GraphQL type Margins. */
export const MarginsRef = builder.objectRef<ReachedAccount>('Margins').implement({
  interfaces: [NodeRef],
  description:
    'Funds and margins of an account. Selecting one segment makes one call for that segment; selecting both ' +
    'makes one call for both.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque id of the margins of this account.',
      resolve: ({ id }) => nodeId('Margins', id),
    }),
    equity: t.field({
      type: SegmentMarginsRef,
      description: 'The equity segment.',
      resolve: (account, _arguments, context) => segment(account, 'equity', context),
    }),
    commodity: t.field({
      type: SegmentMarginsRef,
      description: 'The commodity segment.',
      resolve: (account, _arguments, context) => segment(account, 'commodity', context),
    }),
  }),
});

builder.objectField(AccountRef, 'margins', (t) =>
  t.field({
    type: MarginsRef,
    description:
      'Funds and margins. Makes one call to Kite, for both segments or for the selected one. NOT_SUPPORTED, without a ' +
      'call, for a broker whose amounts have other meanings.',
    resolve: (account, _arguments, context) => {
      const problem = marginsNotRead(account, context);
      if (problem !== null) throw problemError(problem);
      return account;
    },
  }),
);

/** One segment of an account, for one call at most; null where the broker leaves it out. Rejects with the problem. */
export function segment(
  account: ReachedAccount,
  name: Segment,
  context: Context,
): Promise<SegmentSource | null> {
  const load = (access: Account) => context.loaders.margins(access, name);
  return readField(account, context, load, ({ value, asOf }) => {
    const found = wellFormed(value[name] ?? null, account);
    return found && segmentSource(account, name, asOf, found);
  });
}
