// The examples of docs/client.md and docs/testing.md, as they are printed: on a server, in tests, and in a browser.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import * as vitest from 'vitest';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import * as clientEntry from '../../src/client/client.ts';
import * as testingEntry from '../../src/testing/testing.ts';
import { graphql } from '../generated/gql.ts';
import { startPageServer } from '../support/browser/page-server.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { bundleSnippets, runSnippet, snippetsOf, snippetWith } from '../support/pages/snippets.ts';
import { emptyFolder, run } from '../support/processes/command.ts';
import { kotakApp, startWorld } from '../support/world.ts';

// A document of docs/client.md, which a generator finds in the sources of a project.
graphql(/* GraphQL */ `
  query TypedFunds($id: ID!) { account(id: $id) { user { userName } } }
`);

const ofClient = snippetsOf('docs/client.md', 'js', 'ts', 'tsx');
const ofTesting = snippetsOf('docs/testing.md', 'ts');
const address = 'http://localhost:4000/graphql';
const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the examples of docs/client.md', async () => {
  const world = await startWorld();
  const written = new Map<string, string>();
  /** What the examples import, at the address of this gateway. */
  const modules = {
    'kite-graphql/client': {
      ...clientEntry,
      createClient: (options: clientEntry.ClientOptions) => {
        expect(options.url).toBe(address);
        return clientEntry.createClient({ ...options, url: world.url });
      },
    },
    './generated': { graphql },
    'node:fs': { writeFileSync: (path: string, text: string) => written.set(path, text) },
  };
  const said = async (text: string) =>
    (await runSnippet(snippetWith(ofClient, text), modules)).said;

  test('read the apps', async () => {
    expect(await said('apps { apiKey name }')).toEqual([['Simulator']]);
  });

  test('have a text for each error', async () => {
    expect(await said('function textFor')).toEqual([['Log in again.']]);
  });

  test('read the funds of two accounts', async () => {
    expect(await said('query Funds(')).toEqual([[2, 0]]);
  });

  test('show the accounts as they arrive', async () => {
    const parts = await said('client.parts<');
    expect(parts[0]).toEqual(['more follows', ['...', '...'], 0]);
    expect(parts.at(-1)).toEqual([
      'complete',
      [expect.stringMatching(/^\w+ \w+$/), expect.stringMatching(/^\w+ \w+$/)],
      0,
    ]);
  });

  test('follow margins until they are left', async () => {
    expect(await said('client.subscribe<')).toEqual([[expect.any(Number)]]);
  });

  test('take typed documents', async () => {
    expect(await said('TypedFunds')).toEqual([[undefined]]);
  });

  test('write the list of trusted documents', async () => {
    await said('clientDocuments');
    const list = JSON.parse(written.get('trusted-documents.json') ?? '');
    expect(list).toEqual(clientEntry.clientDocuments);
  });

  test('name each option and hook that exists', () => {
    const text = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8');
    const hooks = readFileSync(new URL('../../src/client/react/react.ts', import.meta.url), 'utf8');
    for (const [, hook] of hooks.matchAll(/^export function (use\w+)/gm)) {
      expect(text).toContain(`| \`${hook}(`);
    }
    const source = readFileSync(new URL('../../src/client/options.ts', import.meta.url), 'utf8');
    const [, options = ''] = /interface ClientOptions \{([\s\S]*?)\n\}/.exec(source) ?? [];
    expect(options).not.toBe('');
    for (const [, option] of options.matchAll(/readonly (\w+)/g)) {
      expect(text).toContain(`\`${option}\``);
    }
  });
});

test('the compiler accepts the examples of both pages in a strict project', async () => {
  const folder = emptyFolder();
  const files = ['docs/client.md', 'docs/testing.md'].flatMap((path) =>
    ['ts', 'tsx'].flatMap((ending) =>
      snippetsOf(path, ending).map((text, index) => {
        const name = `${path.replace(/\W/g, '-')}-${index}.${ending}`;
        // Each is a module, also where it only declares.
        writeFileSync(join(folder, name), `${text}\nexport {};\n`);
        return name;
      }),
    ),
  );
  expect(files.length).toBeGreaterThan(8);
  // Playwright's runner is not installed here: what the examples use of it.
  writeFileSync(
    join(folder, 'playwright-test.ts'),
    `import type { Locator, Page } from 'playwright-core';
    export declare function test(title: string, body: (fixtures: { page: Page }) => Promise<void>): void;
    export declare function expect(locator: Locator): { toBeVisible(): Promise<void> };`,
  );
  const generated = JSON.stringify(join(root, 'test/generated/gql.ts'));
  writeFileSync(join(folder, 'generated.ts'), `export { graphql } from ${generated};`);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const paths = {
    'kite-graphql/client': [join(root, 'src/client/client.ts')],
    'kite-graphql/client/react': [join(root, 'src/client/react/react.ts')],
    'kite-graphql/testing': [join(root, 'src/testing/testing.ts')],
    '@playwright/test': ['./playwright-test.ts'],
  };
  const compilerOptions = {
    ...{ target: 'es2024', module: 'esnext', moduleResolution: 'bundler', strict: true },
    ...{ jsx: 'react-jsx', types: ['node'], skipLibCheck: true, noEmit: true, paths },
    // The sources, which it reads too, are written for these.
    ...{ exactOptionalPropertyTypes: true, allowImportingTsExtensions: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const program = [join(root, 'node_modules/.bin/tsc'), '--pretty', 'false'];
  const { code, stdout } = await run({ program, cwd: folder }).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
}, 120_000);

describe('the test that docs/testing.md shows', async () => {
  await runSnippet(snippetWith(ofTesting, 'shows a new balance'), {
    vitest,
    'kite-graphql/client': clientEntry,
    'kite-graphql/testing': testingEntry,
  });
});

test('the login without a browser of docs/testing.md gives a cookie of the gateway', async () => {
  const code = snippetWith(ofTesting, 'gateway.logIn');
  const { said } = await runSnippet(code, { 'kite-graphql/testing': testingEntry });
  expect(said).toEqual([[true]]);
});

const patience = { timeout: 15_000 };

describeWithChromium('the pages of docs/client.md', async (browser) => {
  const pages = await startPageServer();
  const { origin } = pages;
  const gateway = await testingEntry.startGateway({
    allowedOrigins: [origin],
    apps: [
      { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator', listed: true },
      kotakApp,
    ],
  });
  const here = (snippet: string) => snippet.replace(address, gateway.url);
  pages.show(
    '/',
    await bundleSnippets({
      'page.tsx':
        "import { createRoot } from 'react-dom/client'; import { App } from 'app.tsx';" +
        "createRoot(document.querySelector('#root')).render(<App />);",
      'app.tsx': here(snippetWith(ofClient, 'export function App')),
    }),
    '<div id="root"></div>',
  );
  pages.show(
    '/plain/',
    await bundleSnippets({ 'plain.js': here(snippetWith(ofClient, "querySelector('#log-in')")) }),
    '<button id="log-in">Log in</button>',
  );
  let page: Page;

  beforeAll(async () => {
    const context = await browser.newContext({ baseURL: origin });
    page = await context.newPage();
  });
  afterAll(async () => {
    pages.close();
    await gateway.close();
  });

  test('pass the test that docs/testing.md shows, on a set-up as it shows', async () => {
    const setup = await runSnippet(snippetWith(ofTesting, 'globalSetup'), {
      'kite-graphql/testing': {
        startGateway: async (options: testingEntry.StartGatewayOptions) => {
          expect(options).toEqual({ port: 4000, allowedOrigins: ['http://localhost:5173'] });
          return { ...gateway, close: async () => 'closed' };
        },
      },
    });
    const close = await (setup.value as () => Promise<() => unknown>)();
    let shown: (fixtures: { page: Page }) => Promise<void> = async () => {};
    await runSnippet(snippetWith(ofTesting, '@playwright/test'), {
      '@playwright/test': {
        test: (_title: string, body: typeof shown) => {
          shown = body;
        },
        expect: (locator: Locator) => ({ toBeVisible: () => locator.waitFor(patience) }),
      },
      'kite-graphql/testing': testingEntry,
    });
    await shown({ page });
    expect(await close()).toBe('closed');
  });

  test('open no stream in a browser without sessions, and put nothing on its console', async () => {
    const context = await browser.newContext({ baseURL: origin });
    const stranger = await context.newPage();
    const complaints: string[] = [];
    stranger.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    const bodies: string[] = [];
    stranger.on('request', (request) => bodies.push(request.postData() ?? ''));
    const answered = stranger.waitForResponse(
      (response) => response.request().method() === 'POST' && response.ok(),
    );
    await stranger.goto('/');
    await stranger.getByRole('button', { name: 'Log in' }).waitFor(patience);
    await (await answered).finished();
    await stranger.waitForLoadState('networkidle');
    expect(await stranger.getByText('These figures may be old.').count()).toBe(0);
    expect(bodies.filter((body) => body.includes('subscription'))).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('offer the login again without React, and leave for it', async () => {
    const complaints: string[] = [];
    const complain = (error: Error) => complaints.push(`${error}`);
    page.on('pageerror', complain);
    onTestFinished(() => void page.off('pageerror', complain));
    await page.goto('/plain/');
    const link = page.getByRole('link', { name: 'Log in again: SIM0001' });
    await link.waitFor(patience);
    expect(await link.getAttribute('href')).toBe(
      `${gateway.origin}/login?app=simulator&returnTo=${encodeURIComponent(`${origin}/plain/`)}`,
    );
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('#cancel').click();
    await page.waitForURL(`${origin}/plain/`);
    expect(complaints).toEqual([]);
  });
});
