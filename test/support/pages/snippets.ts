// The modules that a document shows, run as they are printed, or bundled for a page.
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The blocks of a document in one of the languages. */
export function snippetsOf(path: string, ...languages: readonly string[]): readonly string[] {
  const blocks = readFileSync(`${root}${path}`, 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, language = '', text = '']) =>
    languages.includes(language) ? [text] : [],
  );
}

/** The block with a text. @throws Error where no block has it, or several have. */
export function snippetWith(snippets: readonly string[], text: string): string {
  const [snippet, ...others] = snippets.filter((each) => each.includes(text));
  if (snippet === undefined || others.length > 0) throw new Error(`${others.length} have ${text}`);
  return snippet;
}

/** What a snippet did. */
export interface SnippetRun {
  /** The arguments of each `console.log`. */
  readonly said: readonly (readonly unknown[])[];
  /** Its default export. */
  readonly value: unknown;
}

/** Runs a module of JavaScript or TypeScript. @param modules what it may import, by name. */
export async function runSnippet(
  code: string,
  modules: Readonly<Record<string, object>>,
): Promise<SnippetRun> {
  const body = stripTypeScriptTypes(code)
    .replace(/^import (\{[^}]*\}) from '([^']+)';/gm, (_import, names: string, from: string) => {
      if (!(from in modules)) throw new Error(`The snippet imports ${from}`);
      return `const ${names} = modules['${from}'];`;
    })
    .replace(/^export default /m, 'return ');
  const said: unknown[][] = [];
  const console = { log: (...words: unknown[]) => said.push(words) };
  const AsyncFunction = (async () => {}).constructor as new (
    ...words: string[]
  ) => (...words: unknown[]) => Promise<unknown>;
  const value = await new AsyncFunction('modules', 'console', body)(modules, console);
  return { said, value };
}

const entries: Readonly<Record<string, string>> = {
  'kite-graphql/client': `${root}src/client/client.ts`,
  'kite-graphql/client/react': `${root}src/client/react/react.ts`,
};

/** Bundles modules for a page. @param modules the texts by their names; the first is the entry. */
export async function bundleSnippets(
  modules: Readonly<Record<string, string>>,
  define: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [entry = ''] = Object.keys(modules);
  const build = await rolldown({
    input: entry,
    logLevel: 'silent',
    platform: 'browser',
    cwd: root,
    transform: { define: { 'process.env.NODE_ENV': '"development"', ...define } },
    plugins: [
      {
        name: 'snippets',
        resolveId: (id) => (id in modules ? `${root}${id}` : (entries[id] ?? null)),
        load: (id) => modules[id.slice(root.length)] ?? null,
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return output[0].code;
}
