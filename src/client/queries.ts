// The client's own documents, with their types. Each has an id, so that a list of trusted documents can have them.
import type { TypedDocument } from './documents.ts';

/** A session of this browser. */
export interface SessionSummary {
  readonly id: string;
  readonly state: 'ACTIVE' | 'EXPIRED' | 'REVOKED' | 'REVOKING';
  readonly active: boolean;
  readonly broker: 'KITE' | 'KOTAK';
  readonly apiKey: string;
  /** RFC 3339; an estimate. */
  readonly expiresAt: string | null;
  /** RFC 3339. */
  readonly issuedAt: string;
  /** RFC 3339. */
  readonly endedAt: string | null;
  readonly endReason: string | null;
  readonly account: { readonly id: string; readonly label: string | null };
  readonly user: {
    readonly id: string;
    readonly userId: string;
    readonly userName: string | null;
  } | null;
}

function document<Data, Variables>(id: string, query: string): TypedDocument<Data, Variables> {
  return { documentId: `kite-graphql-client:${id}`, query } as TypedDocument<Data, Variables>;
}

const sessionFields =
  'id state active broker apiKey expiresAt issuedAt endedAt endReason account { id label } user { id userId userName }';

/** The sessions of this browser. */
export const sessionsDocument = /* @__PURE__ */ document<
  { readonly sessions: readonly SessionSummary[] | null },
  Record<string, never>
>('sessions:1', `query Sessions { sessions { ${sessionFields} } }`);

/** The client's own documents by their ids, to be added to the gateway's list of trusted documents. */
export const clientDocuments: Readonly<Record<string, string>> = {};
