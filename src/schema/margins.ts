// Margins: the two segments of an account.
import type { Context } from '../context.ts';
import type { Segment } from '../kite/margins.ts';
import type { Account } from '../loaders/account.ts';
import { AccountRef } from './account.ts';
import { builder } from './builder.ts';
import { reading, wellFormed } from './reading.ts';
import { SegmentMarginsRef, type SegmentSource } from './segment-margins.ts';

const MarginsRef = builder.objectRef<Account>('Margins').implement({
  description:
    'Funds and margins of an account. One segment alone costs one call for that segment; ' +
    'both, asked together, cost one call as well.',
  fields: (t) => ({
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
      'Funds and margins. Costs one call to Kite, for both segments or for the one asked for; ' +
      'nothing by itself.',
    resolve: (account) => account,
  }),
);

async function segment(
  account: Account,
  name: Segment,
  context: Context,
): Promise<SegmentSource | null> {
  const load = context.loaders.margins.load({ account, segment: name });
  const answer = await reading(load, context, account);
  const margins = wellFormed(answer.margins, account);
  return margins && { account, segment: name, margins, asOf: answer.asOf };
}
