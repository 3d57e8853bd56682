// The manifest of trusted documents: a JSON file of documents by their id, as the build of a client writes it.
import type { TrustedDocumentManifest } from '../shared/trusted-documents.ts';
import { readJsonFile, TextFileError } from './text-file.ts';

/**
 * Reads a manifest. Whether its documents are valid is the gateway's to say.
 * @throws TextFileError whose message names the file and what is wrong with it.
 */
export function readTrustedDocuments(file: string): TrustedDocumentManifest {
  const content = parsed(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new TextFileError(`${file} must be a JSON object of documents by their hash.`);
  }
  const entries = Object.entries(content);
  if (entries.length === 0) throw new TextFileError(`${file} has no document.`);
  const wrong = entries.filter(([id, text]) => id === '' || typeof text !== 'string').length;
  if (wrong > 0) {
    throw new TextFileError(
      `${file} has ${wrong} of ${entries.length} entries that are not "<hash>": "<document>".`,
    );
  }
  return content as TrustedDocumentManifest;
}

function parsed(file: string): unknown {
  try {
    return readJsonFile(file, '{"<hash>": "<document>"}');
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    throw new TextFileError(`${file} ${error.message}.`);
  }
}
