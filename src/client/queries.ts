// The client's own documents, with their types. Each has an id, so that a list of trusted documents can have them.
import type { TypedDocument } from './documents.ts';

/** The state of a session. */
export type SessionState = 'ACTIVE' | 'EXPIRED' | 'REVOKED' | 'REVOKING';

/** The owner of an account. */
export interface UserSummary {
  readonly id: string;
  /** The broker's id of the user. */
  readonly userId: string;
  readonly userName: string | null;
}

/** A session of this browser. Times are RFC 3339. */
export interface SessionSummary {
  readonly id: string;
  readonly state: SessionState;
  readonly active: boolean;
  readonly broker: 'KITE' | 'KOTAK';
  readonly apiKey: string;
  /** An estimate; null where the broker does not tell. */
  readonly expiresAt: string | null;
  readonly issuedAt: string;
  readonly endedAt: string | null;
  /** Why it ended: `LOGGED_OUT`, `REFUSED_BY_BROKER` and others. */
  readonly endReason: string | null;
  readonly account: { readonly id: string; readonly label: string | null };
  readonly user: UserSummary | null;
}

/** An account of this browser, or of the credentials in the header. */
export interface AccountSummary {
  readonly id: string;
  readonly apiKey: string;
  readonly broker: 'KITE' | 'KOTAK';
  readonly label: string | null;
  readonly user: UserSummary | null;
  /** Null with credentials in the header. */
  readonly session: {
    readonly id: string;
    readonly state: SessionState;
    readonly active: boolean;
    readonly expiresAt: string | null;
  } | null;
}

/** Funds of one segment, in rupees. */
export interface LiveSegment {
  readonly id: string;
  readonly enabled: boolean;
  readonly net: number;
  /** RFC 3339: when the broker answered. */
  readonly asOf: string;
  readonly available: {
    readonly id: string;
    readonly cash: number | null;
    readonly liveBalance: number | null;
    readonly collateral: number | null;
    readonly intradayPayin: number | null;
  };
  readonly utilised: { readonly id: string; readonly debits: number | null };
}

/** An event of `marginsChanged`. */
export interface MarginsEvent {
  readonly marginsChanged: {
    readonly account: { readonly id: string };
    readonly margins: {
      readonly id: string;
      readonly equity: LiveSegment | null;
      readonly commodity: LiveSegment | null;
    } | null;
  };
}

/** An event of `sessionsChanged`. */
export interface SessionEvent {
  readonly sessionsChanged: { readonly reason: string; readonly session: SessionSummary };
}

/** What `marginsChanged` follows, and how often. */
export interface MarginsVariables {
  readonly accountIds?: readonly string[] | null;
  readonly everySeconds?: number;
}

const user = 'user { id userId userName }';
const session = `id state active broker apiKey expiresAt issuedAt endedAt endReason account { id label } ${user}`;
const segment =
  '{ id enabled net asOf available { id cash liveBalance collateral intradayPayin } utilised { id debits } }';

/** Its id ends with the start of the SHA-256 of its text; a test holds it to that. */
interface OwnDocument<Data, Variables> extends TypedDocument<Data, Variables> {
  readonly documentId: string;
  readonly query: string;
}

/** The sessions of this browser. */
export const sessionsDocument: OwnDocument<
  { readonly sessions: readonly SessionSummary[] | null },
  Record<string, never>
> = {
  documentId: 'kite-graphql.sessions.dd2b2314',
  query: `query Sessions { sessions { ${session} } }`,
};

/** The changes of these sessions. */
export const sessionsChangedDocument: OwnDocument<SessionEvent, Record<string, never>> = {
  documentId: 'kite-graphql.sessions-changed.101b09b6',
  query: `subscription SessionsChanged { sessionsChanged { reason session { ${session} } } }`,
};

/** The accounts of the request. In a browser it makes no call to a broker. */
export const accountsDocument: OwnDocument<
  { readonly accounts: readonly (AccountSummary | null)[] | null },
  Record<string, never>
> = {
  documentId: 'kite-graphql.accounts.b7539b09',
  query: `query Accounts { accounts { id apiKey broker label ${user} session { id state active expiresAt } } }`,
};

/** The margins of accounts, as they change. */
export const liveMarginsDocument: OwnDocument<MarginsEvent, MarginsVariables> = {
  documentId: 'kite-graphql.live-margins.e7ef774e',
  query: `subscription LiveMargins($accountIds: [ID!], $everySeconds: Int) { marginsChanged(accountIds: $accountIds, everySeconds: $everySeconds) { account { id } margins { id equity ${segment} commodity ${segment} } } }`,
};

/** The documents of the client and its hooks by their ids, to add to the gateway's list of trusted documents. */
export const clientDocuments: Readonly<Record<string, string>> = /* @__PURE__ */ manifestOf(
  sessionsDocument,
  sessionsChangedDocument,
  accountsDocument,
  liveMarginsDocument,
);

function manifestOf(
  ...documents: readonly Pick<OwnDocument<never, never>, 'documentId' | 'query'>[]
): Record<string, string> {
  return Object.fromEntries(documents.map(({ documentId, query }) => [documentId, query]));
}
