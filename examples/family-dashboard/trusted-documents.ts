// Writes trusted-documents.json, the gateway's TRUSTED_DOCUMENTS: the documents of this page and those of the client.
import { readFileSync, writeFileSync } from 'node:fs';
import { clientDocuments } from 'kite-graphql/client';

const own = JSON.parse(readFileSync('src/generated/persisted-documents.json', 'utf8'));
writeFileSync(
  'trusted-documents.json',
  `${JSON.stringify({ ...own, ...clientDocuments }, null, 2)}\n`,
);
