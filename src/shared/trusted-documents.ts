// What a server that mounts the gateway sees of trusted documents; without types of any library.

/** Documents by their id, which is a hash of the text where a build tool has written it. */
export type TrustedDocumentManifest = Readonly<Record<string, string>>;

/** A manifest with a document that the gateway cannot execute. Its message has one line for each of the first faults. */
export class TrustedDocumentsError extends Error {
  override readonly name = 'TrustedDocumentsError';
  /** One line for each fault, naming the id of the document. */
  readonly faults: readonly string[];

  /** @param faults one line for each. */
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}
