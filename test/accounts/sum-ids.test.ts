// Ids of sums over chosen accounts: they tell the accounts up to LIMIT_SUM_ID_ACCOUNTS, and stay short.
import { describe, expect, test } from 'vitest';
import { startWorld, tokens } from '../support/world.ts';

const node = 'query ($id: ID!) { node(id: $id) { __typename id } }';
const sums = 'query ($ids: [ID!]) { combinedMargins(accountIds: $ids) { id } }';

/** The ids of the first accounts of a thousand, and an id of the sum over some of them. */
async function world(limits: { readonly sumIdAccounts?: number } = {}) {
  const { askRaw } = await startWorld({ limits });
  const users = Array.from({ length: 1_000 }, (_, index) => `U${index}`);
  const ask = (query: string, variables?: object) =>
    askRaw(query, { authorization: tokens(...users), variables });
  const { data } = await ask('{ accounts { id } }');
  const ids: string[] = data.accounts.map(({ id }: { id: string }) => id);
  const sumOver = async (some?: readonly string[]): Promise<string> =>
    (await ask(sums, { ids: some })).data.combinedMargins.id;
  return { ids, sumOver, find: (id: string) => ask(node, { id }) };
}

describe('of a thousand accounts', async () => {
  const { ids, sumOver, find } = await world();

  test.each([0, 1, 2, 100])(
    'sums over %i chosen ones are found by an id of bounded length',
    async (count) => {
      const id = await sumOver(ids.slice(500, 500 + count));
      expect(id.length).toBeLessThan(40 + 11 * count);
      expect((await find(id)).data).toEqual({ node: { __typename: 'CombinedMargins', id } });
    },
  );

  test('sums over all of them are found, and beyond the bound the error says what to ask', async () => {
    const all = await sumOver();
    expect(await sumOver([...ids].reverse())).toBe(all);
    expect((await find(all)).data.node.id).toBe(all);
    const { errors } = await find(await sumOver(ids.slice(0, 101)));
    expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
    expect(errors[0]?.message).toContain('ask combinedMargins with their accountIds');
  });
});

describe('with LIMIT_SUM_ID_ACCOUNTS', async () => {
  const { ids, sumOver, find } = await world({ sumIdAccounts: 2 });

  test('the bound is another one', async () => {
    const [two, three] = [await sumOver(ids.slice(0, 2)), await sumOver(ids.slice(0, 3))];
    expect((await find(two)).errors).toEqual([]);
    expect((await find(three)).errors[0]?.extensions.code).toBe('NOT_FOUND');
  });
});
