// What a broker answers, as the rest of the gateway reads it. A value of the wrong type is `malformed`, one that is
// missing is null.
import type { BrokerName } from './broker-name.ts';
import type { Field } from './field.ts';
import type { Secret } from './upstream/secret.ts';

/** What a successful exchange or renewal hands over. */
export interface BrokerSession {
  /** Signs every later call; see `Broker.expiryOf`. */
  readonly accessToken: Secret;
  /** For validating a session where requests are public; null where the broker sent none. */
  readonly publicToken: Secret | null;
  /** Renews the session; null for ordinary apps, which get none. */
  readonly refreshToken: Secret | null;
  /** When the user logged in; null where the broker does not say. */
  readonly loginTime: Field<Date | null>;
  /** The broker's id of the user; null where the broker does not say. */
  readonly userId: string | null;
  /** Where the broker serves the user; null where it serves all users at one address. */
  readonly baseUrl: string | null;
  /** The profile in the same payload; null where the answer holds no more than an id, as a renewal's may. */
  readonly profile: Profile | null;
  /** What of the profile no call tells again, so that it is kept with the session; null where a call tells all of it. */
  readonly keptProfile: KeptProfile | null;
  /** What was given for this answer, in order: at a login the factors, at a renewal the refresh token. */
  readonly authenticationMethods: readonly AuthenticationMethod[];
}

/**
 * What was given to a broker for a session. `BROKER_LOGIN` is the broker's own page, whatever it asked there; every
 * other method went through this gateway.
 */
export type AuthenticationMethodName =
  | 'BROKER_LOGIN'
  | 'REFRESH_TOKEN'
  | 'PASSWORD'
  | 'ACCESS_CODE'
  | 'ONE_TIME_TOKEN';

/** How many factors a login has proved. */
export type AssuranceLevel = 'SINGLE_FACTOR' | 'TWO_FACTOR';

/** One thing that was given for a session. */
export interface AuthenticationMethod {
  readonly method: AuthenticationMethodName;
  /** The level that the login had reached with it; null where the broker's flow does not prove one. */
  readonly assuranceLevel: AssuranceLevel | null;
  /** When it was given; null where neither the broker says it nor the gateway saw it. */
  readonly completedAt: Date | null;
  /** Who checked it. */
  readonly provider: BrokerName;
}

/** Who the broker says a user is. Values are open sets: new ones appear without notice. */
export interface Profile {
  /** Which broker says so. */
  readonly brokerName: BrokerName;
  /** The broker's permanent id of the user, such as `AB1234`. */
  readonly userId: Field<string>;
  /** The user's real name. */
  readonly userName: Field<string | null>;
  /** A shorter form of the name. */
  readonly userShortname: Field<string | null>;
  /** The user's e-mail address. */
  readonly email: Field<string | null>;
  /** The user's role at the broker, such as `individual`. */
  readonly userType: Field<string | null>;
  /** The broker's id, such as `ZERODHA`. */
  readonly broker: Field<string | null>;
  /** Exchanges enabled for the user, such as `NSE`. */
  readonly exchanges: Field<readonly string[] | null>;
  /** Margin products enabled for the user, such as `CNC`. */
  readonly products: Field<readonly string[] | null>;
  /** Order types enabled for the user, such as `LIMIT`. */
  readonly orderTypes: Field<readonly string[] | null>;
  /** URL of the user's picture; null if the user has none. */
  readonly avatarUrl: Field<string | null>;
  /** Facts about the user's demat account. */
  readonly meta: Field<ProfileMeta | null>;
}

/** What is null of a user of whom the broker says no more than the id. */
export const unknownOfProfile = {
  userName: null,
  userShortname: null,
  email: null,
  userType: null,
  broker: null,
  exchanges: null,
  products: null,
  orderTypes: null,
  avatarUrl: null,
  meta: null,
} as const satisfies Omit<Profile, 'brokerName' | 'userId'>;

/** What is kept of a profile beside the user's id and name, for a broker that cannot be asked for it. */
export type KeptProfile = Pick<Profile, 'exchanges' | 'products'>;

/** Facts about a demat account. */
export interface ProfileMeta {
  /** `consent` or `physical`; null where the broker says nothing. */
  readonly dematConsent: Field<string | null>;
}

/** The market segments. */
export const bothSegments = ['equity', 'commodity'] as const;

/** One of them. */
export type Segment = (typeof bothSegments)[number];

/** What a user can trade with in one segment. */
export interface SegmentMargins {
  /** Whether the segment is enabled for the user; a disabled one is all zeros. */
  readonly enabled: Field<boolean>;
  /** Net balance for trading, rupees. */
  readonly net: Field<number>;
  /** Where the money comes from. */
  readonly available: Field<Record<AvailableName, Field<number | null>>>;
  /** What holds it. */
  readonly utilised: Field<Record<UtilisedName, Field<number | null>>>;
}

/** Both segments; null where the user does not have one. */
export type Margins = Readonly<Record<Segment, Field<SegmentMargins | null>>>;

/** The amounts of `available`, in our spelling. */
export type AvailableName =
  | 'adhocMargin'
  | 'cash'
  | 'openingBalance'
  | 'liveBalance'
  | 'collateral'
  | 'intradayPayin';
/** The amounts of `utilised`, in our spelling. */
export type UtilisedName =
  | 'debits'
  | 'exposure'
  | 'm2mRealised'
  | 'm2mUnrealised'
  | 'optionPremium'
  | 'payout'
  | 'span'
  | 'holdingSales'
  | 'turnover'
  | 'liquidCollateral'
  | 'stockCollateral'
  | 'delivery';

/** Amounts of Kotak by its own names; how they relate to each other is not established. */
export type KotakAmounts = Readonly<Record<KotakAmountName, Field<number | null>>>;

/** The names of those amounts, as Kotak writes them. */
export const kotakAmountNames = [
  'additionalOptionBrokerage',
  'availableCashBalance',
  'clientGroupLimit',
  'debtorFlag',
  'dtv',
  'dtvBTSTSell',
  'initialMargin',
  'marginAvailable',
  'marginUtilised',
  'mfLien',
  'mtm',
  'nriPinsBalance',
  'optionPremium',
  'realizedPL',
  'securityMargin',
  'totalMargin',
] as const;

/** One of those names. */
export type KotakAmountName = (typeof kotakAmountNames)[number];

/** What Kotak says of derivatives, currency or commodities at one exchange. */
export interface KotakTradedMargins {
  readonly exchange: Field<string | null>;
  readonly futures: Field<KotakAmounts | null>;
  readonly options: Field<KotakAmounts | null>;
}

/** What Kotak says of equity. */
export interface KotakEquityMargins {
  /** May name several exchanges, such as `NSE,BSE`. */
  readonly exchange: Field<string | null>;
  readonly cash: Field<KotakAmounts | null>;
  readonly mtf: Field<KotakAmounts | null>;
  readonly mis: Field<KotakIntradayMargins | null>;
}

/** What Kotak says of intraday trading. */
export interface KotakIntradayMargins {
  readonly misCutOff: Field<number | null>;
  readonly misPnl: Field<number | null>;
  readonly refreshTime: Field<number | null>;
}

/** The margins of Kotak, in its own structure; null where it sends no such list. */
export interface KotakMargins {
  readonly commodities: Field<readonly Field<KotakTradedMargins>[] | null>;
  readonly currency: Field<readonly Field<KotakTradedMargins>[] | null>;
  readonly derivatives: Field<readonly Field<KotakTradedMargins>[] | null>;
  readonly equity: Field<readonly Field<KotakEquityMargins>[] | null>;
}
