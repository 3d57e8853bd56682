// Relay, with its own compiler: a fragment is refetched by node(id:), and the rest of the page keeps what it shows.
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  type ReaderFragment,
  RecordSource,
  type SingularReaderSelector,
  Store,
} from 'relay-runtime';
import { expect, test } from 'vitest';
import { compileForRelay } from '../support/processes/relay-artifacts.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const authorization = tokens('SIM0001', 'SIM0002');

const documents = [
  'query PageQuery { accounts { ...Page_equity ...Page_commodity } combinedMargins { ...Page_sum ...Page_parts } }',
  'fragment Page_equity on Account @refetchable(queryName: "PageEquityRefetchQuery") { margins { equity { net asOf } } }',
  'fragment Page_commodity on Account { apiKey user { userName } margins { commodity { net asOf } } }',
  'fragment Page_sum on CombinedMargins @refetchable(queryName: "PageSumRefetchQuery") { total { net asOf } }',
  'fragment Page_parts on CombinedMargins { equity { net asOf } total { available { cash } } }',
];
const artifacts = await compileForRelay(documents);

/** What a refetchable fragment tells of the query that reads it again. */
interface Refetchable {
  readonly metadata: {
    readonly refetch: {
      readonly operation: ConcreteRequest;
      readonly identifierInfo: { readonly identifierQueryVariableName: string };
    };
  };
}

/** What the query of the page reads: references to fragments. */
interface Page {
  readonly accounts: readonly unknown[];
  readonly combinedMargins: unknown;
}

/** A page of Relay's over this gateway, its queries in the order they were sent. */
function page() {
  const sent: string[] = [];
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      sent.push(text ?? '');
      const { data, errors } = await world.askRaw(text ?? '', { authorization, variables });
      expect(errors).toEqual([]);
      return { data };
    }),
  });
  const read = async <Data>(request: ConcreteRequest, variables: Record<string, string> = {}) => {
    const operation = createOperationDescriptor(request, variables);
    environment.retain(operation);
    await fetchQuery(environment, request, variables).toPromise();
    return environment.lookup(operation.fragment).data as Data;
  };
  /** Shows a fragment as a component does, and follows it. */
  const show = (name: string, reference: unknown) => {
    const selector = getSingularSelector(
      artifacts<ReaderFragment>(name),
      reference,
    ) as SingularReaderSelector;
    const panel = { snapshot: environment.lookup(selector) };
    environment.subscribe(panel.snapshot, (snapshot) => {
      panel.snapshot = snapshot;
    });
    return panel;
  };
  /** What useRefetchableFragment does. */
  const refetch = (name: string, id: string) => {
    const { operation, identifierInfo } = artifacts<Refetchable>(name).metadata.refetch;
    return read(operation, { [identifierInfo.identifierQueryVariableName]: id });
  };
  return { sent, show, refetch, read: () => read<Page>(artifacts<ConcreteRequest>('PageQuery')) };
}

test('a refetchable fragment of an account is read again by node, and the panels beside it keep their fields', async () => {
  const { sent, show, refetch, read } = page();
  const { accounts } = await read();
  const [equity, commodity, other] = [
    show('Page_equity', accounts[0]),
    show('Page_commodity', accounts[0]),
    show('Page_equity', accounts[1]),
  ];
  const before = [equity, commodity, other].map(({ snapshot }) => snapshot.data);
  await world.calls();
  const { net } = await world.payIn('SIM0001', 'equity', 1_000);
  await refetch('Page_equity', (before[0] as { id: string } | undefined)?.id ?? '');

  expect(sent).toHaveLength(2);
  expect(sent[1]).toMatch(/^query PageEquityRefetchQuery\([^)]*\) \{\s*node\(id: \$id\)/);
  expect((await world.calls()).map(({ path }) => path)).toEqual(['/user/margins/equity']);
  expect(equity.snapshot.data).toMatchObject({ margins: { equity: { net } } });
  expect([commodity.snapshot.data, other.snapshot.data]).toEqual(before.slice(1));
  for (const { snapshot } of [equity, commodity, other]) {
    expect(snapshot.isMissingData).toBe(false);
  }
});

test('a refetchable fragment of sums is read again by node, and the panels beside it keep their fields', async () => {
  const { sent, show, refetch, read } = page();
  const { combinedMargins } = await read();
  const [sum, parts] = [show('Page_sum', combinedMargins), show('Page_parts', combinedMargins)];
  const before = parts.snapshot.data as unknown as { total: { available: { cash: number } } };
  const { total, id } = sum.snapshot.data as unknown as { id: string; total: { net: number } };
  await world.payIn('SIM0002', 'equity', 500);
  await refetch('Page_sum', id);

  expect(sent).toHaveLength(2);
  expect(sum.snapshot.data).toMatchObject({ total: { net: total.net + 500 } });
  expect(parts.snapshot.data).toEqual(before);
  expect([sum.snapshot.isMissingData, parts.snapshot.isMissingData]).toEqual([false, false]);
});
