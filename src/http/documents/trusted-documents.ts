// Trusted documents: the list that the build of a client writes. A gateway that has one executes nothing else.
import { GraphQLError } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import {
  type TrustedDocumentManifest,
  TrustedDocumentsError,
} from '../../shared/trusted-documents.ts';
import type { Documents, Judged } from './documents.ts';

type Trusted = Judged & { readonly text: string };

/** The documents of a manifest, each parsed and validated once. */
export class TrustedDocuments {
  readonly #documents: Documents;
  readonly #acceptsText: boolean;
  #byId = new Map<string, Trusted>();
  #byText = new Map<string, Trusted>();

  /** @param acceptsText whether a request may send the text of a document of the manifest in place of its id. */
  constructor(documents: Documents, acceptsText: boolean) {
    this.#documents = documents;
    this.#acceptsText = acceptsText;
  }

  /**
   * Takes a manifest in place of the one before. Requests that are being answered keep their documents.
   * @throws TrustedDocumentsError where a document is not valid or exceeds a limit; then nothing changes.
   */
  replace(manifest: TrustedDocumentManifest): void {
    const byId = new Map<string, Trusted>();
    const faults: string[] = [];
    for (const [id, text] of Object.entries(manifest)) {
      const judged = this.#documents.examine(text);
      const [error] = judged.errors ?? [];
      if (error === undefined) byId.set(id, { ...judged, text });
      else faults.push(`document ${quoted(id)}: ${error.message}`);
    }
    if (faults.length > 0) throw new TrustedDocumentsError(shortened(faults));
    this.#byId = byId;
    this.#byText = new Map([...byId.values()].map((document) => [document.text, document]));
  }

  /** The text of the document that a request names; undefined where it names none of the list. */
  textOf(params: GraphQLParams): string | undefined {
    const [id] = idsOf(params);
    return id === undefined ? undefined : this.#byId.get(id)?.text;
  }

  /**
   * The document that a request names: by `documentId`, by the hash that Apollo Client and others send as an extension,
   * or by its text where that is accepted.
   * @throws GraphQLError with a code of its own for an unknown id, an id whose document has another text, and a text.
   */
  find(params: GraphQLParams): Judged {
    const { query: text } = params;
    const ids = idsOf(params);
    const [id] = ids;
    if (id === undefined) {
      const found = this.#acceptsText ? this.#byText.get(text ?? '') : undefined;
      if (found === undefined) throw refusal('DOCUMENT_NOT_TRUSTED', messages.text);
      return found;
    }
    const found = this.#byId.get(id);
    if (found === undefined) throw refusal('DOCUMENT_NOT_FOUND', messages.unknown);
    const isSame = ids.every((other) => other === id) && (!text || text === found.text);
    if (!isSame) throw refusal('DOCUMENT_MISMATCH', messages.mismatch);
    return found;
  }
}

const messages = {
  text:
    'This gateway executes only the documents of its list: send `documentId`, the hash from the manifest that your ' +
    'build wrote, in place of `query`.',
  unknown:
    'This gateway has no document with this id. Was the manifest of this build of the client given to the gateway?',
  mismatch:
    'The document with this id has another text than the request: build the client and its manifest together.',
};

/** The ids in a request: one, or two where a client sends both forms. */
function idsOf(params: GraphQLParams): readonly string[] {
  const { documentId } = params as { readonly documentId?: unknown };
  const persisted: unknown = params.extensions?.persistedQuery;
  const hash =
    typeof persisted === 'object' && persisted !== null && 'sha256Hash' in persisted
      ? persisted.sha256Hash
      : undefined;
  return [documentId, hash].filter((id) => typeof id === 'string');
}

function refusal(code: string, message: string): GraphQLError {
  const extensions = { code, retryable: false, http: { status: 400, spec: true } };
  return new GraphQLError(message, { extensions });
}

/** The most faults that are named: a manifest for another schema has one in each document. */
const namedFaults = 20;

function shortened(faults: readonly string[]): readonly string[] {
  const named = faults.slice(0, namedFaults);
  return named.length === faults.length
    ? named
    : [...named, `${faults.length - named.length} more documents have a fault`];
}

/** Ids are text of a file: what is no plain word is told apart by its length. */
function quoted(id: string): string {
  return /^[\w:.-]{1,100}$/.test(id) ? id : `with an id of ${id.length} characters`;
}
