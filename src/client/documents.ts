// Documents of every tool: strings, nodes of a parser, and the typed ones of code generators.
import { printDocument } from './print.ts';

/** A document that carries its types: of GraphQL Code Generator, of gql.tada, and of any tool with `__apiType`. */
export interface TypedDocument<Data, Variables> {
  readonly __apiType?: (variables: Variables) => Data;
}

/** A parsed document, as `graphql`, `graphql-tag` and others have it. */
export interface ParsedDocument {
  readonly kind: string;
  readonly definitions: readonly unknown[];
}

/** What the client sends: a text, a parsed document, or a typed one. */
export type GraphqlDocument<Data, Variables> =
  | string
  | ParsedDocument
  | TypedDocument<Data, Variables>;

/** How a document is sent. */
export interface SentDocument {
  /** Its id in the gateway's list of trusted documents. */
  readonly documentId?: string;
  /** Its text; empty if the build has removed it. */
  readonly query: string;
  /** Whether it is sent by both: the texts of the client's own documents are those of their ids. */
  readonly isOwn?: boolean;
}

const sent = new WeakMap<object, SentDocument>();

/** Reads a document, once. @throws TypeError for what is not one. */
export function readDocument(document: unknown): SentDocument {
  if (typeof document === 'string') return { query: document };
  if (typeof document !== 'object' || document === null) throw new TypeError(notDocument);
  const known = sent.get(document);
  if (known) return known;
  const parts = document as Partial<ParsedDocument> & {
    readonly documentId?: string;
    readonly query?: string;
    readonly __meta__?: { readonly hash?: string };
  };
  const documentId = parts.documentId ?? parts.__meta__?.hash;
  const isText = document instanceof String;
  if (!isText && !parts.definitions && !documentId) throw new TypeError(notDocument);
  const query = isText ? `${document}` : (parts.query ?? printDocument(parts.definitions ?? []));
  const isOwn = parts.query !== undefined;
  const read = { ...(documentId && { documentId }), query, ...(isOwn && { isOwn }) };
  sent.set(document, read);
  return read;
}

const notDocument =
  'This is not a GraphQL document: pass a text, a document of a parser such as gql, or one of a code generator.';
