// The package as it would be published: installed into an empty folder, started, mounted, compiled against.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { run, startCommand } from '../support/processes/command.ts';
import {
  findCommand,
  registryEnvironment,
  searchPath,
  wholeEnvironment,
} from '../support/processes/environment.ts';
import { packGateway } from '../support/processes/packed-gateway.ts';
import { linkRecipePackages } from '../support/processes/project-copy.ts';
import { tokens } from '../support/world.ts';

// Packages are built, installed and compiled: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-package-'));
const command = join(folder, 'node_modules/.bin/kite-graphql');
let files: readonly string[] = [];
let tarball = '';

beforeAll(async () => {
  ({ files, tarball } = await packGateway());
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  npmInstall(folder, [tarball]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds what users need, and nothing else', () => {
    const top = new Set(files.map((path) => path.split('/')[0]));
    expect([...top].toSorted()).toEqual([
      '.env.example',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bench',
      'client-codegen.ts',
      'deploy',
      'dist',
      'docs',
      'ops',
      'package.json',
      'schema.graphql',
    ]);
    const code = files.filter((path) => path.startsWith('dist/'));
    expect(code).toContain('dist/index.d.ts');
    expect(code).toContain('dist/vendor/LICENSES.txt');
    for (const path of code)
      expect(path).toMatch(/\.(js|d\.ts)$|LICENSES\.txt$|\/console\/built\/[\w.]+$/);
  });

  test('refers to no source', () => {
    for (const path of files.filter((each) => each.endsWith('.js'))) {
      const text = readFileSync(join(folder, 'node_modules/kite-graphql', path), 'utf8');
      expect([path, /from '[^']*\.ts'|import\('[^']*\.ts'\)/.test(text)]).toEqual([path, false]);
    }
  });

  test('every relative link of its documents leads to a file in it', () => {
    const broken = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...readFileSync(join(root, path), 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
          .map(([, link = '']) => link)
          .filter((link) => !/^https?:/.test(link))
          .filter((link) => !files.includes(join(path, '..', link)))
          // The tests that hold a promise, and the example, are in the repository alone.
          .filter((link) => path !== 'docs/faults.md' || !link.startsWith('../test/faults/'))
          .filter((link) => !/^(\.\.\/)?examples\/family-dashboard\/README\.md$/.test(link))
          .map((link) => `${path}: ${link}`),
      );
    expect(broken).toEqual([]);
  });

  test('can be published: npm has no word against it', async () => {
    const { code, stderr } = await run({
      program: ['npm', 'publish', '--dry-run', '--loglevel=warn', tarball],
      cwd: folder,
      env: registryEnvironment(),
    }).ended;
    const words = stderr.split('\n').filter((line) => /^npm (warn|error)/i.test(line));
    // Who publishes logs in first.
    expect(words.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
    expect(code).toBe(0);
  });

  test('says what it needs: exports and command are files of it, and Node is named', () => {
    const { exports, bin, engines, version, types } = JSON.parse(
      readFileSync(join(folder, 'node_modules/kite-graphql/package.json'), 'utf8'),
    );
    const targets = [...Object.values(exports), bin].flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target as Record<string, string>),
    );
    for (const target of targets) expect(files).toContain(target.replace(/^\.\//, ''));
    expect(engines.node).toBe('^22.18 || ^24 || >=26');
    expect(types).toBeUndefined();
    const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    expect(changelog).toContain(`## [${version}] - `);
  });

  test('has a command that can be run', () => {
    const file = join(folder, 'node_modules/kite-graphql/dist/command.js');
    expect(statSync(file).mode & 0o111).toBe(0o111);
    expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

test('npx kite-graphql runs gateway, simulator and GraphiQL, and a signal ends all of it', async () => {
  const PATH = [dirname(process.execPath), ...searchPath].join(delimiter);
  const {
    url,
    simulatorUrl,
    process: npx,
    ended,
  } = await startCommand({
    program: ['npx', '--no', 'kite-graphql'],
    cwd: folder,
    env: { PATH },
    isGroup: true,
  });
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('SIM0001-token');
  expect(await userAt(url)).toEqual({ data: { account: { user: { userId: 'SIM0001' } } } });
  npx.kill('SIGTERM');
  const { stderr } = await ended;
  expect(stderr).not.toMatch(/^npm/m);
  for (const address of [url, simulatorUrl])
    await expect.poll(() => fetch(address).catch(() => 'no answer')).toBe('no answer');
});

const other = findCommand(
  ['node'],
  searchPath.filter((place) => !place.includes('node_modules')),
);
const oldNode = other !== null && isUnsupported(other) ? other : null;

test.skipIf(oldNode === null)('an older Node is told in one line what is needed', async () => {
  const { code, stdout, stderr } = await run({ program: [oldNode ?? 'node', command] }).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^kite-graphql needs Node\.js 22\.18 .*\n$/);
});

describe('beside the graphql of another project', () => {
  const before = [[], ['graphql@16'], ['graphql@17'], ['@apollo/client@4', 'graphql@16', 'rxjs@7']];
  const cases = [
    ...before.map((others) => [others, []] as const),
    ...before.slice(1).map((others) => [[], others] as const),
  ];

  test.each(cases)('with %j installed before and %j after, it answers', (first, last) => {
    const project = mkdtempSync(join(tmpdir(), 'kite-graphql-beside-'));
    try {
      writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
      for (const names of [first, [tarball], last]) {
        if (names.length > 0) npmInstall(project, names);
      }
      const script = `
        import { createGateway } from 'kite-graphql';
        const gateway = createGateway();
        const answer = await gateway.fetch('http://localhost:4000/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: '{ apps { apiKey } }' }),
        });
        console.log(await answer.text());
        await gateway.dispose();
      `;
      writeFileSync(join(project, 'ask.mjs'), script);
      const said = execFileSync(process.execPath, ['ask.mjs'], { cwd: project, encoding: 'utf8' });
      expect(JSON.parse(said)).toEqual({ data: { apps: [] } });
      const wanted = [...first, ...last].find((name) => name.startsWith('graphql@'))?.split('@')[1];
      const manifest = join(project, 'node_modules/graphql/package.json');
      if (wanted === undefined) expect(existsSync(manifest)).toBe(false);
      else expect(JSON.parse(readFileSync(manifest, 'utf8')).version.split('.')[0]).toBe(wanted);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });
});

test('the server of docs/library.md answers', async () => {
  const simulator = await startSimulator({ port: 0 });
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  const blocks = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const script = blocks.find((block) => block.includes('createGateway')) ?? '';
  const changed = script
    .replace("'your_key'", "'simulator'")
    .replace('createGateway({', `createGateway({ kiteBaseUrl: '${simulator.url}',`)
    .replace(
      "listen(4000, 'localhost')",
      "listen(0, () => console.log('port', server.address().port))",
    );
  writeFileSync(join(folder, 'server.mjs'), changed);
  const server = run({ program: [process.execPath, 'server.mjs'], cwd: folder });
  const [, port] = /port (\d+)/.exec(await server.said(/port \d+/)) ?? [];
  const answer = await userAt(`http://localhost:${port}/graphql`);
  await simulator.close();
  expect(answer).toEqual({ data: { account: { user: { userId: 'SIM0001' } } } });
});

test('the type declarations serve a strict consumer', async () => {
  const consumer = `
    import { createServer } from 'node:http';
    import {
      createGateway, KeyringStoreError, type ErrorExtensions, type Gateway, type GatewayOptions, type KeyringStore,
      type StoredKeyring,
    } from 'kite-graphql';
    import { type GatewayForTests, startGateway } from 'kite-graphql/testing';
    const options: GatewayOptions = { apps: [{ apiKey: 'key' }], graphiql: { authorization: 'token a:b' } };
    const gateway: Gateway = createGateway(options);
    createServer({ joinDuplicateHeaders: true }, gateway);
    const forTests: GatewayForTests = await startGateway({ allowedOrigins: [], simulator: { accounts: 2 } });
    await forTests.simulator.faults.add({ kind: 'hang', times: 1 });
    // @ts-expect-error: there is no such fault
    await forTests.simulator.faults.add({ kind: 'hungry' });
    export const answer: Response | Promise<Response> = gateway.fetch('http://localhost/graphql');
    export class Store implements Pick<KeyringStore, 'openKeyring'> {
      async openKeyring(id: string): Promise<StoredKeyring | null> {
        if (id === '') throw new KeyringStoreError('ECONNREFUSED');
        return null;
      }
    }
    export const mayAskAgain = ({ code, retryable }: ErrorExtensions) => retryable && code === 'RATE_LIMITED';
    // @ts-expect-error: not an option
    createGateway({ kiteBaseURL: 'http://localhost' });
  `;
  expect(await compile('consumer.ts', consumer, ['node'])).toEqual({ code: 0, stdout: '' });
});

test('the client and its hooks serve a strict page, which knows nothing of Node', async () => {
  const page = `
    import { type ClientError, createClient, type Result } from 'kite-graphql/client';
    import { ClientProvider, useLiveMargins, useQuery, useSessions } from 'kite-graphql/client/react';
    import { createElement } from 'react';
    const client = createClient({ url: '/graphql', headers: async () => ({ 'x-page': 'one' }) });
    export const answer: Promise<Result<{ apps: string[] }>> = client.query<{ apps: string[] }>('{ apps }');
    export function textFor(error: ClientError): string | undefined {
      return error.code === 'NOT_GRAPHQL' ? error.contentType : error.loginUrl;
    }
    function Names() {
      const { sessions } = useSessions();
      const { accounts } = useLiveMargins({ accountIds: ['a'] });
      const { data } = useQuery<{ apps: string[] }>('{ apps }', {}, { parts: true });
      return createElement('p', null, sessions?.[0]?.user?.userName, accounts.size, data?.apps[0]);
    }
    export const view = createElement(ClientProvider, { client }, createElement(Names));
    // @ts-expect-error: a page has no process
    export const environment = process.env;
  `;
  const options = ['--module', 'esnext', '--moduleResolution', 'bundler'];
  symlinkSync(join(root, 'node_modules/react'), join(folder, 'node_modules/react'));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  for (const name of ['react', 'react-dom']) {
    const types = join(folder, 'node_modules/@types', name);
    if (!existsSync(types)) symlinkSync(join(root, 'node_modules/@types', name), types);
  }
  expect(await compile('page.ts', page, [], options)).toEqual({ code: 0, stdout: '' });
});

test('client-codegen.ts types operations of Apollo Client, urql and graphql-request', async () => {
  const project = mkdtempSync(join(tmpdir(), 'kite-graphql-clients-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await linkRecipePackages(project, [
    '@apollo/client',
    '@graphql-typed-document-node/core',
    '@urql/core',
    'graphql-request',
    'graphql',
    'rxjs',
  ]);
  const installed = join(folder, 'node_modules/kite-graphql');
  const modules = join(project, 'node_modules');
  symlinkSync(installed, join(modules, 'kite-graphql'));
  symlinkSync(join(root, 'node_modules/@graphql-codegen'), join(modules, '@graphql-codegen'));
  copyFileSync(join(installed, 'client-codegen.ts'), join(project, 'client-codegen.ts'));
  mkdirSync(join(project, 'src'));
  writeFileSync(
    join(project, 'src/clients.ts'),
    `
      import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
      import { Client, fetchExchange } from '@urql/core';
      import { GraphQLClient } from 'graphql-request';
      import { graphql } from './generated';
      const document = graphql(\`
        query ClientAccount($id: ID!) { account(id: $id) { id user { userName } margins { equity { net } } } }
      \`);
      const variables = { id: 'a' };
      const apollo = new ApolloClient({ link: new HttpLink({}), cache: new InMemoryCache() });
      const urql = new Client({ url: '/graphql', exchanges: [fetchExchange], preferGetMethod: false });
      const request = new GraphQLClient('/graphql');
      export const names: Promise<string | null | undefined>[] = [
        apollo.query({ query: document, variables }).then(({ data }) => data?.account?.user?.userName),
        urql.query(document, variables).toPromise().then(({ data }) => data?.account?.user?.userName),
        request.request(document, variables).then((data) => data.account?.user?.userName),
      ];
      // @ts-expect-error: the operation needs an id
      request.request(document, {});
      // @ts-expect-error: it did not ask for the id of the user
      request.request(document, variables).then((data) => data.account?.user?.userId);
    `,
  );
  const generated = await run({
    program: [
      process.execPath,
      join(root, 'node_modules/@graphql-codegen/cli/esm/bin.js'),
      ...['--config', 'client-codegen.ts'],
    ],
    cwd: project,
  }).ended;
  expect([generated.code, generated.stderr]).toEqual([0, expect.any(String)]);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2024'];
  const { code, stdout } = await run({
    program: [
      join(root, 'node_modules/.bin/tsc'),
      ...options,
      ...['--module', 'esnext', '--moduleResolution', 'bundler', '--types', '', 'src/clients.ts'],
    ],
    cwd: project,
  }).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });

  // Beside the types stands the list of documents, which the gateway takes as it is.
  const list = readFileSync(join(project, 'src/generated/persisted-documents.json'), 'utf8');
  const trustedDocuments = JSON.parse(list);
  const gateway = createGateway({ trustedDocuments });
  const [documentId] = Object.keys(trustedDocuments);
  const answer = await gateway.fetch('http://localhost:4000/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId, variables: { id: 'a' } }),
  });
  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  await gateway.dispose();
});

/** Compiles a file of a project that has installed the package. @param types the packages of global types. */
async function compile(
  file: string,
  text: string,
  types: readonly string[],
  moduleOptions: readonly string[] = ['--module', 'nodenext'],
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  writeFileSync(join(folder, file), text);
  const { code, stdout } = await run({
    program: [
      join(root, 'node_modules/.bin/tsc'),
      ...['--noEmit', '--strict', '--target', 'es2024', ...moduleOptions],
      ...['--typeRoots', join(root, 'node_modules/@types'), '--types', types.join(',')],
      file,
    ],
    cwd: folder,
  }).ended;
  return { code, stdout };
}

function npmInstall(project: string, names: readonly string[]): void {
  const options = ['--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  const environment = { cwd: project, env: wholeEnvironment(), encoding: 'utf8' } as const;
  execFileSync('npm', ['install', ...names, ...options], environment);
}

async function userAt(url: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: tokens('SIM0001') },
    body: '{"query": "{ account { user { userId } } }"}',
  });
  return response.json();
}

function isUnsupported(node: string): boolean {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  return !((major === 22 && minor >= 18) || major === 24 || major >= 26);
}
