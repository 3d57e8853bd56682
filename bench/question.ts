// What every server is asked, and what each has to answer.
import { marginsOf, netInPaise, profile, rupees, variants, type WireSegment } from './kite.ts';

const segment =
  '{ enabled net available { cash liveBalance collateral } utilised { debits span exposure } }';
const account = `{ user { userId userName email broker } margins { equity ${segment} commodity ${segment} } }`;

/** A question as it goes over the wire. */
export interface Question {
  /** The GraphQL document. */
  readonly query: string;
  /** The path at which the floor, which reads no query, answers the same thing. */
  readonly floorPath: string;
  /** The Authorization header of the next request. */
  readonly authorization: () => string;
}

/** The questions. No credential is used twice, but in {@link Questions.sameAccount}. */
export class Questions {
  #asked = 0;

  /** One account: who it belongs to, and both segments. Two calls upstream. */
  oneAccount(): Question {
    const authorization = () => this.#tokens(1);
    return { query: `{ account ${account} }`, floorPath: '/account', authorization };
  }

  /** The same for several accounts. Two calls upstream for each. */
  manyAccounts(count: number): Question {
    const authorization = () => this.#tokens(count);
    return { query: `{ accounts ${account} }`, floorPath: '/accounts', authorization };
  }

  /** What several accounts hold together. One call upstream for each. */
  combinedMargins(count: number): Question {
    const net = 'total { net } equity { net } commodity { net }';
    const query = `{ combinedMargins { ${net} failures { accountId } } }`;
    const authorization = () => this.#tokens(count);
    return { query, floorPath: '/combined', authorization };
  }

  /** One account, the same in every request. */
  sameAccount(): Question {
    return { ...this.oneAccount(), authorization: () => 'token bench:shared0' };
  }

  #tokens(count: number): string {
    const tokens = Array.from({ length: count }, () => {
      this.#asked += 1;
      return `token bench:t${String(this.#asked).padStart(10, '0')}`;
    });
    return tokens.join(', ');
  }
}

/** The answer for the accounts that an Authorization header names. */
export function accountsIn(authorization: string): readonly unknown[] {
  return variantsIn(authorization).map((variant) => {
    const { equity, commodity } = marginsOf(variant);
    return {
      user: userOf(profile),
      margins: { equity: segmentOf(equity), commodity: segmentOf(commodity) },
    };
  });
}

/** The exact sums for the accounts that an Authorization header names: whole paise, rounded once. */
export function sumsOver(authorization: string): {
  total: number;
  equity: number;
  commodity: number;
} {
  let equity = 0n;
  let commodity = 0n;
  for (const variant of variantsIn(authorization)) {
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

/** A segment in the form in which the question asks for it. */
export function segmentOf({ enabled, net, available, utilised }: WireSegment) {
  const { cash, live_balance, collateral } = available;
  const { debits, span, exposure } = utilised;
  return {
    enabled,
    net,
    available: { cash, liveBalance: live_balance, collateral },
    utilised: { debits, span, exposure },
  };
}

function variantsIn(authorization: string): number[] {
  return authorization.split(', ').map((one) => Number(one.at(-1)) % variants);
}
