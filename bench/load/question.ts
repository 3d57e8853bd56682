// What servers are asked, and what each has to answer.
import {
  marginsOf,
  netInPaise,
  profile,
  rupees,
  variants,
  type WireMargins,
  type WireSegment,
} from '../kite.ts';

const segment =
  '{ enabled net available { cash liveBalance collateral } utilised { debits span exposure } }';
const account = `{ user { userId userName email broker } margins { equity ${segment} commodity ${segment} } }`;

const withFragments = `
  query Panel($withUser: Boolean!, $withExposure: Boolean = true) {
    account { ...Who @include(if: $withUser) margins { ...Both } }
  }
  fragment Who on Account { user { userId userName email broker } }
  fragment Both on Margins { equity { ...Amounts } commodity { ...Amounts } }
  fragment Amounts on SegmentMargins {
    enabled
    net
    available { cash liveBalance collateral }
    utilised { debits span exposure @include(if: $withExposure) }
  }`;

/** A question that a load sends again and again. */
export interface Question {
  /** The body of each request, unless {@link Sent} has one. */
  readonly body: string;
  /** The path at which the floor, which reads no query, answers the same. */
  readonly floorPath: string;
  /** What the next request sends. */
  readonly next: () => Sent;
  /** Calls upstream for one request. */
  readonly calls: number;
  /** The right `data` for a request. */
  readonly right: (sent: Sent) => unknown;
  /** Whether a right answer has errors. */
  readonly hasErrors?: boolean;
  /** The status of a right answer. Default 200. */
  readonly status?: number;
  /** Whether the body is sent in chunks, without a Content-Length. */
  readonly isChunked?: boolean;
}

/** What differs between the requests of one question. */
export interface Sent {
  /** Lines of headers: who asks. */
  readonly headers: string;
  readonly body?: string;
}

/** The questions. No credential is used twice, except in {@link Questions.sameAccount}. */
export class Questions {
  #asked = 0;

  /** One account: its user and both segments. */
  oneAccount(): Question {
    return {
      body: bodyOf(`{ account ${account} }`),
      floorPath: '/account',
      next: () => this.#credentials(1),
      calls: 2,
      right: ({ headers }) => ({ account: accountsIn(headers)[0] }),
    };
  }

  /** The same, by a query with variables, fragments and `@include`. */
  withFragments(): Question {
    const body = bodyOf(withFragments, { withUser: true });
    return { ...this.oneAccount(), body };
  }

  /** The same for several accounts. */
  manyAccounts(count: number): Question {
    return {
      body: bodyOf(`{ accounts ${account} }`),
      floorPath: '/accounts',
      next: () => this.#credentials(count),
      calls: 2 * count,
      right: ({ headers }) => ({ accounts: accountsIn(headers) }),
    };
  }

  /** Three accounts, of which the upstream refuses the last. */
  withFailedAccount(): Question {
    const next = () => this.#credentials(2, 1);
    return { ...this.manyAccounts(3), next, hasErrors: true };
  }

  /** One account, which the upstream refuses. */
  refused(): Question {
    return { ...this.oneAccount(), next: () => this.#credentials(0, 1), hasErrors: true };
  }

  /** A document that is not valid, another one in each request. No call upstream. */
  invalid(): Question {
    const next = () => {
      const sent = this.#credentials(1);
      return { ...sent, body: bodyOf(`{ account { field${this.#asked} } }`) };
    };
    return {
      body: '',
      floorPath: '/invalid',
      next,
      calls: 0,
      right: () => undefined,
      hasErrors: true,
      status: 400,
    };
  }

  /** Ends the session of one account. One call upstream. */
  logout(): Question {
    return {
      body: bodyOf('mutation { logout { failures { accountId } } }'),
      floorPath: '/logout',
      next: () => this.#credentials(1),
      calls: 1,
      right: () => ({ logout: { failures: [] } }),
    };
  }

  /** The sums over several accounts. One call upstream for each. */
  combinedMargins(count: number): Question {
    const net = 'total { net } equity { net } commodity { net }';
    return {
      body: bodyOf(`{ combinedMargins { ${net} failures { accountId } } }`),
      floorPath: '/combined',
      next: () => this.#credentials(count),
      calls: count,
      right: ({ headers }) => {
        const { total, equity, commodity } = sumsOver(headers);
        const sums = {
          total: { net: total },
          equity: { net: equity },
          commodity: { net: commodity },
        };
        return { combinedMargins: { ...sums, failures: [] } };
      },
    };
  }

  /** One account, the same in every request. */
  sameAccount(): Question {
    const next = () => ({ headers: 'authorization: token bench:shared0' });
    return { ...this.oneAccount(), next };
  }

  /** Header lines with credentials that were never used before; the upstream refuses the last ones. */
  #credentials(count: number, refused = 0): Sent {
    const tokens = Array.from({ length: count + refused }, (_, index) => {
      this.#asked += 1;
      const digits = String(this.#asked).padStart(10, '0');
      return `token bench:${index < count ? 't' : refusedPrefix}${digits}`;
    });
    return { headers: `authorization: ${tokens.join(', ')}` };
  }
}

/** What an access token begins with that the upstream refuses. */
export const refusedPrefix = 'x';

/** The account named, one of those that a request reaches: the same fields as {@link Questions.oneAccount}. */
export function namedAccount(id: string): string {
  return bodyOf(`query ($id: ID!) { account(id: $id) ${account} }`, { id });
}

/** The body of a request. */
export function bodyOf(query: string, variables?: object): string {
  return JSON.stringify({ query, ...(variables && { variables }) });
}

/** The right answer for the accounts that an Authorization header names. */
export function accountsIn(authorization: string): readonly unknown[] {
  return authorization.split(', ').map((credential) => {
    if (credential.includes(`:${refusedPrefix}`)) return refusedAccount;
    return accountOf(variantOf(credential));
  });
}

/** The right answer for an account whose margins are of a variant. */
export function accountOf(variant: number): unknown {
  return { user: userOf(profile), margins: bothOf(marginsOf(variant)) };
}

/** What is answered for an account that the upstream refuses. */
export const refusedAccount = { user: null, margins: { equity: null, commodity: null } };

/** The exact sums for the accounts that an Authorization header names: whole paise, rounded once. */
function sumsOver(authorization: string): { total: number; equity: number; commodity: number } {
  let equity = 0n;
  let commodity = 0n;
  for (const variant of authorization.split(', ').map(variantOf)) {
    const net = netInPaise(variant);
    equity += net.equity;
    commodity += net.commodity;
  }
  return {
    total: rupees(equity + commodity),
    equity: rupees(equity),
    commodity: rupees(commodity),
  };
}

/** A user in the form in which the question asks for it. */
export function userOf({ user_id, user_name, email, broker }: typeof profile) {
  return { userId: user_id, userName: user_name, email, broker };
}

/** Both segments in the form in which the question asks for them. */
export function bothOf({ equity, commodity }: WireMargins) {
  return { equity: segmentOf(equity), commodity: segmentOf(commodity) };
}

function segmentOf({ enabled, net, available, utilised }: WireSegment) {
  const { cash, live_balance, collateral } = available;
  const { debits, span, exposure } = utilised;
  return {
    enabled,
    net,
    available: { cash, liveBalance: live_balance, collateral },
    utilised: { debits, span, exposure },
  };
}

function variantOf(credential: string): number {
  return Number(credential.at(-1)) % variants;
}
