// Relay: compiled queries, and @defer over server-sent events. babel-plugin-relay replaces each `graphql` by what the
// compiler has made of it. Components read with useFragment what readInlineData reads here.
import { createClient } from 'graphql-sse';
import {
  Environment,
  fetchQuery,
  type GraphQLResponse,
  graphql,
  Network,
  Observable,
  type PayloadError,
  RecordSource,
  readInlineData,
  Store,
} from 'relay-runtime';
import type { Caller } from './caller.ts';
import type { relay_margins$key } from './generated/relay/relay_margins.graphql.ts';
import type { relay_user$key } from './generated/relay/relay_user.graphql.ts';
import type { relayFundsQuery } from './generated/relay/relayFundsQuery.graphql.ts';
import { linesOf } from './lines.ts';

const query = graphql`
  query relayFundsQuery {
    accounts {
      id
      ...relay_user @defer
      ...relay_margins @defer
    }
  }
`;

const userFragment = graphql`
  fragment relay_user on Account @inline {
    user {
      userName
    }
  }
`;

const marginsFragment = graphql`
  fragment relay_margins on Account @inline {
    margins {
      equity {
        net
        asOf
      }
    }
  }
`;

/** One part of an answer with @defer. */
interface Part {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: PayloadError[];
  readonly incremental?: readonly Part[];
  readonly hasNext?: boolean;
}

/** An environment over the gateway. Relay keeps no codes of errors: `onErrors` gets them. */
export function createEnvironment(
  { credentials, ...request }: Caller,
  onErrors: (errors: readonly PayloadError[]) => void,
): Environment {
  const client = createClient({ ...request, ...(credentials && { credentials }) });
  const network = Network.create(({ text }, variables) =>
    Observable.create<GraphQLResponse>((sink) =>
      client.subscribe(
        { query: text ?? '', variables },
        {
          next: (part) => {
            const { incremental = [], hasNext, ...first } = part as Part;
            const parts = 'data' in first ? [first, ...incremental] : incremental;
            onErrors(parts.flatMap(({ errors = [] }) => errors));
            // An error beside data is no failure: Relay would throw it.
            const extensions = { is_final: hasNext !== true };
            const payloads = parts.map(({ errors, ...rest }) =>
              rest.data ? { ...rest, extensions } : { ...rest, errors, extensions },
            );
            sink.next(payloads as GraphQLResponse);
          },
          error: (error) => sink.error(error as Error),
          complete: () => sink.complete(),
        },
      ),
    ),
  );
  return new Environment({ network, store: new Store(new RecordSource()) });
}

/** The funds of every account as they arrive. */
export function followFunds(caller: Caller, show: (lines: string[]) => void): Promise<void> {
  const errors: PayloadError[] = [];
  const environment = createEnvironment(caller, (more) => errors.push(...more));
  return new Promise((resolve, reject) => {
    fetchQuery<relayFundsQuery>(environment, query, {}).subscribe({
      next: ({ accounts }) => {
        const shown = accounts?.map((account) =>
          account === null || account === undefined
            ? null
            : {
                ...readInlineData<relay_user$key>(userFragment, account),
                ...readInlineData<relay_margins$key>(marginsFragment, account),
              },
        );
        show(linesOf(shown, errors));
      },
      error: reject,
      complete: resolve,
    });
  });
}

/** The funds of every account, once all have arrived. */
export async function readFunds(caller: Caller): Promise<string[]> {
  let last: string[] = [];
  await followFunds(caller, (lines) => {
    last = lines;
  });
  return last;
}
