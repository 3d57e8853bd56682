// A process of the recipes: calls their functions by message, with the fetch of a browser's page. It runs in their
// project, so it imports nothing of this one.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What it is told to call. */
export interface Call {
  readonly id: number;
  /** A module of clients/ and its function. */
  readonly module: string;
  readonly name: string;
  readonly caller: Readonly<Record<string, unknown>>;
  /** The headers that a browser adds to requests with credentials. */
  readonly browser: Readonly<Record<string, string>>;
}

/** Ends the subscription that a call began. */
export interface Leave {
  readonly leave: number;
}

/** What it tells of a call. */
export interface Told {
  readonly id: number;
  readonly shown?: unknown;
  readonly result?: unknown;
  readonly error?: string;
}

/** What it tells of every answer that it gets. */
export interface Answered {
  readonly status: number;
}

// What babel-plugin-relay does: each graphql`…` is what the compiler wrote for it.
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/clients/relay.ts')) return loaded;
    const names: string[] = [];
    const source = String(loaded.source).replace(
      /graphql`\s*(?:query|fragment) (\w+)[^`]*`/g,
      (_document, name: string) => {
        names.push(name);
        return name;
      },
    );
    const imports = names.map(
      (name) => `import ${name} from './generated/relay/${name}.graphql.ts';`,
    );
    return { ...loaded, source: `${imports.join('')}${source.replace(/^ {2}graphql,$/m, '')}` };
  },
});

const browsers: { [url: string]: Readonly<Record<string, string>> } = {};
const { fetch: plainFetch } = globalThis;
globalThis.fetch = async (input, init = {}) => {
  const added = init.credentials === 'include' ? browsers[String(input)] : {};
  const headers = { ...headersOf(init.headers), ...added };
  const response = await plainFetch(input, { ...init, headers });
  process.send?.({ status: response.status } satisfies Answered);
  return response;
};

const subscriptions = new Map<number, { unsubscribe(): void }>();

process.on('message', async (message: Call | Leave) => {
  if ('leave' in message) return subscriptions.get(message.leave)?.unsubscribe();
  const { id, module, name, caller, browser } = message;
  const tell = (told: Omit<Told, 'id'>) => process.send?.({ id, ...told });
  browsers[String(caller.url)] = browser;
  try {
    const file = pathToFileURL(join(process.cwd(), 'clients', `${module}.ts`)).href;
    const result = await (await import(file))[name](caller, (shown: unknown) => tell({ shown }));
    if (typeof result?.unsubscribe === 'function') subscriptions.set(id, result);
    tell({ result: Array.isArray(result) ? result : null });
  } catch (error) {
    tell({ error: error instanceof Error ? String(error.stack) : String(error) });
  }
});

function headersOf(headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(new Headers(headers));
}
