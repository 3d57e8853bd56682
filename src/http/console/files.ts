// The built files of the console, read once. `npm run codegen` and the installation of a clone build them.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { TrustedDocumentManifest } from '../../shared/trusted-documents.ts';

/** A file as it is sent. */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Compressed with gzip; null where that saves nothing. */
  readonly compressed: Uint8Array<ArrayBuffer> | null;
}

const types: Readonly<Record<string, string>> = {
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};
const addressOf = (name: string) => new URL(`./built/${name}`, import.meta.url);

/** Whether the files are there. */
export function isConsoleBuilt(): boolean {
  return existsSync(addressOf('console.js'));
}

/** The built files by name, each ready to be sent. */
export function readConsoleFiles(): ReadonlyMap<string, ConsoleFile> {
  return new Map(
    Object.entries(types).map(([name, type]) => {
      const bytes = Uint8Array.from(readFileSync(addressOf(name)));
      return [name, { type, bytes, compressed: Uint8Array.from(gzipSync(bytes)) }];
    }),
  );
}

/** The documents of the console by their hash; none where it is not built. */
export function readConsoleDocuments(): TrustedDocumentManifest {
  if (!isConsoleBuilt()) return {};
  return JSON.parse(readFileSync(addressOf('documents.json'), 'utf8'));
}
