// The size of the client package in a page: bundled, minified and compressed, as a build tool and a server do it.
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The most bytes that the whole client may have, compressed with gzip. */
export const maxClientBytes = 6_000;

/** The code of a bundle, and its sizes in bytes. */
export interface ClientBundle {
  readonly code: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
}

/** Bundles what a page imports of the client. @param names the exports that it uses; default: all. */
export async function bundleClient(names?: readonly string[]): Promise<ClientBundle> {
  const client = `${root}src/client/client.ts`;
  const what = names === undefined ? '*' : `{ ${names.join(', ')} }`;
  const build = await rolldown({
    input: 'page',
    platform: 'browser',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? id : null),
        load: (id) => (id === 'page' ? `export ${what} from ${JSON.stringify(client)}` : null),
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  const [{ code }] = output;
  const sizes = { gzipBytes: gzipSync(code, { level: 9 }), brotliBytes: brotliCompressSync(code) };
  return {
    code,
    bytes: Buffer.byteLength(code),
    gzipBytes: sizes.gzipBytes.length,
    brotliBytes: sizes.brotliBytes.length,
  };
}
