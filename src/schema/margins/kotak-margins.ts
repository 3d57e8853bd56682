// Account.kotakMargins: the margins of Kotak under its own names, because what they mean beside Kite's is not established.
import {
  type KotakAmounts,
  type KotakEquityMargins,
  type KotakIntradayMargins,
  type KotakMargins,
  type KotakTradedMargins,
  kotakAmountNames,
} from '../../brokers/answers.ts';
import { type Field, malformed } from '../../brokers/field.ts';
import type { ReachedAccount } from '../../context.ts';
import { AccountRef } from '../account.ts';
import { builder } from '../builder.ts';
import { malformedError, type Readable, readField, withFieldErrors } from '../field-reads.ts';
import { NodeRef, nodeId } from '../node.ts';

/** A part of the margins of an account, and its place there, which its id is made from. */
interface Part<T> {
  readonly account: ReachedAccount;
  readonly place: readonly string[];
  readonly value: Readable<T>;
}

/** A part as GraphQL reads it: an error stands in place of a value of the wrong type. */
function partOf<T extends object>(
  account: ReachedAccount,
  place: readonly string[],
  value: Field<T | null>,
): Part<T> | null {
  if (value === null) return null;
  if (value === malformed) throw malformedError(account);
  return { account, place, value: withFieldErrors(value, account) };
}

/** A part within another one. */
function within<T extends object>(
  { account, place }: Part<object>,
  name: string,
  value: Readable<Record<string, unknown>>[string],
): Part<T> | null {
  if (value instanceof Error) throw value;
  return partOf(account, [...place, name], value as T | null);
}

/** The id of a part. */
function idField(
  typeName: string,
  description = 'Opaque id of this part of the margins of this account.',
) {
  return {
    nullable: false,
    description,
    resolve: ({ account, place }: Part<object>) => nodeId(typeName, account.id, ...place),
  } as const;
}

const exchangeDescription = 'The exchanges, as Kotak names them; several are joined by commas.';

const AmountsRef = builder.objectRef<Part<KotakAmounts>>('KotakAmounts').implement({
  description:
    'Amounts of Kotak, in rupees, by its own names. Kotak does not document what they mean or how they relate to each ' +
    'other, so they appear in no sum. Null if Kotak does not send the amount.',
  fields: (t) => ({
    id: t.id(idField('KotakAmounts')),
    ...Object.fromEntries(
      kotakAmountNames.map((name) => [
        name,
        t.float({
          description: `Kotak’s \`${name}\`.`,
          resolve: ({ value }: Part<KotakAmounts>) => value[name],
        }),
      ]),
    ),
  }),
});

/** Amounts within a part. */
function amountsField<Name extends string>(name: Name) {
  return {
    type: AmountsRef,
    description: `Kotak’s \`${name}\`.`,
    resolve: (part: Part<Readonly<Record<Name, Field<KotakAmounts | null>>>>) =>
      within<KotakAmounts>(part, name, part.value[name]),
  };
}

const IntradayRef = builder
  .objectRef<Part<KotakIntradayMargins>>('KotakIntradayMargins')
  .implement({
    description: 'What Kotak says of intraday trading, by its own names.',
    fields: (t) => {
      const number = (name: keyof KotakIntradayMargins) =>
        t.float({ description: `Kotak’s \`${name}\`.`, resolve: ({ value }) => value[name] });
      return {
        id: t.id(idField('KotakIntradayMargins')),
        misCutOff: number('misCutOff'),
        misPnl: number('misPnl'),
        refreshTime: number('refreshTime'),
      };
    },
  });

const TradedRef = builder.objectRef<Part<KotakTradedMargins>>('KotakTradedMargins').implement({
  description: 'Kotak’s margins for derivatives, currency or commodities of one exchange.',
  fields: (t) => ({
    id: t.id(idField('KotakTradedMargins')),
    exchange: t.string({
      description: exchangeDescription,
      resolve: ({ value }) => value.exchange,
    }),
    futures: t.field(amountsField('futures')),
    options: t.field(amountsField('options')),
  }),
});

const EquityRef = builder.objectRef<Part<KotakEquityMargins>>('KotakEquityMargins').implement({
  description: 'Kotak’s margins for equity of one or more exchanges.',
  fields: (t) => ({
    id: t.id(idField('KotakEquityMargins')),
    exchange: t.string({
      description: exchangeDescription,
      resolve: ({ value }) => value.exchange,
    }),
    cash: t.field(amountsField('cash')),
    mtf: t.field(amountsField('mtf')),
    mis: t.field({
      type: IntradayRef,
      description: 'Kotak’s `mis`.',
      resolve: (part) => within<KotakIntradayMargins>(part, 'mis', part.value.mis),
    }),
  }),
});

/** The GraphQL type KotakMargins. */
export const KotakMarginsRef = builder.objectRef<Part<KotakMargins>>('KotakMargins').implement({
  interfaces: [NodeRef],
  description:
    'The margins of an account at Kotak, in the structure and under the names of that broker. Null lists are lists ' +
    'that Kotak does not send.',
  fields: (t) => {
    const traded = (name: 'commodities' | 'currency' | 'derivatives') =>
      t.field({
        type: [TradedRef],
        nullable: { list: true, items: true },
        description: `Kotak’s \`${name}\`.`,
        resolve: (part) => items<KotakTradedMargins>(part, name, part.value[name]),
      });
    return {
      id: t.id(idField('KotakMargins', 'Opaque id of these margins of this account.')),
      commodities: traded('commodities'),
      currency: traded('currency'),
      derivatives: traded('derivatives'),
      equity: t.field({
        type: [EquityRef],
        nullable: { list: true, items: true },
        description: 'Kotak’s `equity`.',
        resolve: (part) => items<KotakEquityMargins>(part, 'equity', part.value.equity),
      }),
    };
  },
});

/** The items of a list; one that is malformed is an error at its place. */
function items<T extends object>(
  { account, place }: Part<KotakMargins>,
  name: string,
  list: readonly Field<T>[] | null,
): (Part<T> | null)[] | null {
  if ((list as unknown) instanceof Error) throw list;
  if (list === null) return null;
  return list.map((item, index) =>
    item === malformed
      ? (malformedError(account) as never)
      : partOf(account, [...place, name, String(index)], item),
  );
}

builder.objectField(AccountRef, 'kotakMargins', (t) =>
  t.field({
    type: KotakMarginsRef,
    description:
      'The margins of an account at Kotak, for one call. NOT_SUPPORTED, without a call, for accounts of other brokers.',
    resolve: (account, _arguments, context) => kotakMarginsOf(account, context),
  }),
);

/** The margins of an account at Kotak, for one call at most. Rejects with the problem. */
export function kotakMarginsOf(
  account: ReachedAccount,
  context: Parameters<typeof readField>[1],
): Promise<Part<KotakMargins> | null> {
  return readField(
    account,
    context,
    (access) => context.loaders.kotakMargins(access),
    ({ value }) => partOf(account, [], value),
  );
}
