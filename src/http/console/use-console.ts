// Plugin: the console for browsers on the gateway's home, and the files that it is made of.
import type { Plugin } from 'graphql-yoga';
import type { ConsoleOptions } from '../../options.ts';
import { imageTypeOf } from '../../shared/picture-type.ts';
import { page as plainPage } from '../login/page.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import { type ConsoleFile, isConsoleBuilt, readConsoleFiles } from './files.ts';
import { type ConsolePlace, consolePage, consolePageHeaders } from './page.ts';

/** What the console is served with. */
export interface ConsoleSettings {
  readonly routes: Routes;
  readonly options: ConsoleOptions;
  readonly place: Pick<ConsolePlace, 'home' | 'graphiql' | 'trusted'>;
  /** The most bytes of a logo. */
  readonly maxLogoBytes: number;
}

/** The name where the operator sets none. */
const ownName = 'kite-graphql';

/** Answers the home and the files below /console/. @throws TypeError for a logo that is no picture, or too large. */
export function useConsole({ routes, options, place, maxLogoBytes }: ConsoleSettings): Plugin {
  const { name = ownName, logo } = options;
  const logoFile = logo ? logoOf(logo, maxLogoBytes) : null;
  let files: ReadonlyMap<string, ConsoleFile> | null = null;
  return {
    onRequest({ request, url, serverContext, fetchAPI, endResponse }) {
      const mount = mountOf(serverContext);
      const route = routes.find(url.pathname, mount);
      if (route !== 'home' && route !== 'console') return;
      const { Response } = fetchAPI;
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead) return;
      files ??= isConsoleBuilt() ? readConsoleFiles() : null;
      if (files === null) {
        const text = 'The console is not built. Run `npm run codegen`, and reload this page.';
        return endResponse(plainPage(503, name, text));
      }
      if (route === 'home') {
        const prefix = routes.base || mount;
        const body = consolePage({ ...place, prefix, name, hasLogo: logoFile !== null });
        // A copy: Yoga adds the length of this page to it.
        return endResponse(new Response(body, { headers: { ...consolePageHeaders } }));
      }
      const wanted = url.pathname.split('/').at(-1) ?? '';
      const file = wanted === 'logo' ? logoFile : files.get(wanted);
      if (file == null) return endResponse(plainPage(404, name, 'There is no such file.'));
      endResponse(responseOf(file, request, Response));
    },
  };
}

function responseOf(file: ConsoleFile, request: Request, Made: typeof Response): Response {
  const { type, bytes, compressed } = file;
  const accepted = request.headers.get('accept-encoding') ?? '';
  const isCompressed =
    compressed !== null && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(accepted);
  return new Made(isCompressed ? compressed : bytes, {
    headers: {
      'content-type': type,
      ...(isCompressed && { 'content-encoding': 'gzip' }),
      vary: 'accept-encoding',
      // A picture that is opened by itself runs nothing.
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}

function logoOf(bytes: Uint8Array, maxBytes: number): ConsoleFile {
  const type = imageTypeOf(bytes);
  if (type === null)
    throw new TypeError('The logo of the console is not a PNG, JPEG or WebP picture');
  if (bytes.length > maxBytes) {
    throw new TypeError(
      `The logo of the console has ${bytes.length} bytes; LIMIT_CONSOLE_LOGO_BYTES allows ${maxBytes}`,
    );
  }
  return { type, bytes: Uint8Array.from(bytes), compressed: null };
}
