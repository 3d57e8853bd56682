// What the page follows: the accounts of this browser, their funds as they change, and the sum.
import type { ClientError } from 'kite-graphql/client';
import { useCallback, useEffect, useState } from 'react';
import { client } from './client.ts';
import {
  FamilyDocument,
  type FamilyQuery,
  FamilySumDocument,
  type FamilySumQuery,
  KotakFundsDocument,
  LiveFundsDocument,
  type LiveFundsSubscription,
  SessionNewsDocument,
} from './generated/graphql.ts';

export type Account = NonNullable<NonNullable<FamilyQuery['accounts']>[number]>;

/** The accounts of this browser; null until they are known. They follow logins and logouts, in other tabs too. */
export function useFamily() {
  const [family, setFamily] = useState<{ accounts: Account[]; error: ClientError | null } | null>(
    null,
  );

  const read = useCallback(async () => {
    const { data, error } = await client.query(FamilyDocument);
    // A browser that has never logged in.
    const isNew = error?.code === 'UNAUTHENTICATED';
    // An account that is only logged out has an error of its own, and is in the data all the same.
    const whole = data?.accounts ? null : error;
    const accounts = (data?.accounts ?? []).filter((account) => account !== null);
    setFamily({ accounts, error: isNew ? null : whole });
  }, []);

  useEffect(() => {
    const controller = new AbortController();
    const follow = async () => {
      await read();
      for await (const { data } of client.subscribe(SessionNewsDocument, {}, controller)) {
        if (data && data.sessionsChanged.reason !== 'PRESENT') await read();
      }
    };
    void follow();
    return () => controller.abort();
  }, [read]);

  return { family, read };
}

/** Funds of one account. */
export interface Funds {
  readonly equity?: number | null;
  readonly commodity?: number | null;
  readonly error?: ClientError | null;
}

/** The funds of accounts, by id, as they arrive and change. */
export function useFunds(accounts: readonly Account[]): Readonly<Record<string, Funds>> {
  const [funds, setFunds] = useState<Readonly<Record<string, Funds>>>({});
  const idsOf = (broker: Account['broker']) =>
    accounts
      .filter((account) => account.broker === broker && account.session?.state === 'ACTIVE')
      .map(({ id }) => id)
      .join(' ');
  const kite = idsOf('KITE');
  const kotak = idsOf('KOTAK');

  useEffect(() => {
    if (kite === '') return;
    const controller = new AbortController();
    const follow = async () => {
      const variables = { accountIds: kite.split(' ') };
      for await (const { data, error } of client.subscribe(
        LiveFundsDocument,
        variables,
        controller,
      )) {
        if (data) setFunds((before) => ({ ...before, ...fundsOf(data, error) }));
      }
    };
    void follow();
    return () => controller.abort();
  }, [kite]);

  useEffect(() => {
    if (kotak === '') return;
    const controller = new AbortController();
    const read = async () => {
      const { data, errors } = await client.query(
        KotakFundsDocument,
        { ids: kotak.split(' ') },
        controller,
      );
      const read = (data?.accounts ?? []).flatMap((account, index) => {
        if (account === null) return [];
        const equity = account.kotakMargins?.equity?.[0]?.cash?.marginAvailable ?? null;
        const error = errors.find(({ path }) => path?.[1] === index) ?? null;
        return [[account.id, { equity, error }]];
      });
      setFunds((before) => ({ ...before, ...Object.fromEntries(read) }));
    };
    void read();
    return () => controller.abort();
  }, [kotak]);

  return funds;
}

function fundsOf(
  { marginsChanged: { account, margins } }: LiveFundsSubscription,
  error: ClientError | null,
): Record<string, Funds> {
  const { equity, commodity } = margins ?? {};
  return {
    [account.id]: { equity: equity?.net ?? null, commodity: commodity?.net ?? null, error },
  };
}

/** The sum of all accounts, read again whenever `version` changes. */
export function useSum(version: unknown): FamilySumQuery['combinedMargins'] | null {
  const [sum, setSum] = useState<FamilySumQuery['combinedMargins'] | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    void client.query(FamilySumDocument, {}, controller).then(({ data }) => {
      if (!controller.signal.aborted) setSum(data?.combinedMargins ?? null);
    });
    return () => controller.abort();
  }, [version]);
  return sum;
}
