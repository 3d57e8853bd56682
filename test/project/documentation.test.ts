// The documents are true: examples run and answer as printed, paths exist, tables say what the code says.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bundled, bundledInConsole } from '../../scripts/bundled.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingNames } from '../../src/config/variables.ts';
import { schema } from '../../src/schema/schema.ts';
import { follow } from '../support/follower.ts';
import { requestTokenOf } from '../support/login.ts';
import { limitsPage } from '../support/pages/limits-table.ts';
import { emptyFolder, run, startCommand } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startWorld, tokens } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const errorsPage = read('docs/errors.md');
const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(document: string): Block[] {
  const found = document.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language = '', text = '']) => ({ language, text }));
}

/** The first cells of the table whose first heading is this one, split where a cell holds several names. */
function firstCells(document: string, heading: string): string[] {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  const rows = lines.slice(start + 2);
  const cells = rows.slice(
    0,
    rows.findIndex((line) => !line.startsWith('|')),
  );
  return cells.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

const firstSteps = [
  ['README.md', 1],
  ['docs/getting-started.md', 4],
  ['docs/many-accounts.md', 2],
] as const;

test.each(firstSteps)(
  'the shell examples of %s work and answer as printed',
  async (path, least) => {
    const { port, simulatorPort } = await startCommand();
    const here = (text: string) =>
      text
        .replaceAll('localhost:4000', `localhost:${port}`)
        .replaceAll('localhost:4010', `localhost:${simulatorPort}`);
    const blocks = blocksOf(read(path));
    const examples = blocks.flatMap((block, index) =>
      block.language === 'sh' && /^(\w+=\$\()?curl /.test(block.text)
        ? [{ ...block, next: blocks[index + 1] }]
        : [],
    );
    expect(examples.length).toBeGreaterThanOrEqual(least);
    for (const { text, next } of examples) {
      const shell = `set -e\n${here(text).replace(/(?<=^|\()curl /gm, 'curl --silent --show-error --fail ')}`;
      const { code, stdout, stderr } = await run({ program: ['sh', '-c', shell] }).ended;
      expect([text, code, stderr]).toEqual([text, 0, '']);
      if (next?.language === 'json') {
        expect(JSON.parse(stdout)).toMatchObject(JSON.parse(next.text));
      }
    }
  },
);

test('the login with curl of docs/browser-login.md works as printed', async () => {
  const { port, simulatorPort } = await startCommand();
  const example = blocksOf(read('docs/browser-login.md')).find(({ text }) =>
    text.startsWith('browser() {'),
  );
  const shell = `set -e\n${example?.text}`
    .replaceAll('localhost:4000', `localhost:${port}`)
    .replaceAll('localhost:4010', `localhost:${simulatorPort}`)
    .replaceAll('cookies.txt', join(emptyFolder(), 'cookies.txt'));
  const { code, stdout } = await run({ program: ['sh', '-c', shell] }).ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    data: { sessions: [{ state: 'ACTIVE', broker: 'KITE' }] },
  });
});

describe('the GraphQL examples', async () => {
  const world = await startWorld({ apps: apps.slice(0, 1) });
  // Those of docs/moving-over.md are run beside the calls that they replace.
  const own = documents.filter((path) => path !== 'docs/moving-over.md');
  const examples = own.flatMap((path) =>
    blocksOf(read(path))
      .filter(({ language }) => language === 'graphql')
      .map(({ text }) => [path, text] as const),
  );

  const origin = new URL(world.url).origin;

  /** The answer to a header's credential or, where an example speaks of a browser's state, to its cookie. */
  const answerTo = async (query: string) => {
    // One of them logs out.
    await world.reset();
    if (query.startsWith('subscription')) {
      const browser = new Visitor(origin, 'http://localhost:4000');
      if (query.includes('sessionsChanged')) await browser.logIn(`${origin}/login`, 'SIM0003');
      // Another example logs the first user out.
      const who = browser.cookies.size > 0 ? undefined : tokens('SIM0003');
      const headers = browser.cookies.size > 0 ? browser.headers() : {};
      const live = await follow(world.url, query, { headers, ...(who && { authorization: who }) });
      const { data, errors = [] } = (await live.next()) ?? {};
      return { status: live.response.status, data, errors, text: JSON.stringify(data) };
    }
    if (!query.includes('$state')) {
      const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
      return world.askRaw(query, { authorization: tokens('SIM0001'), variables: { requestToken } });
    }
    const visitor = new Visitor(origin, 'http://localhost:4000');
    const callback = new URL(await visitor.logInAtKite(`${origin}/login`, 'SIM0001'));
    const [requestToken, state] = ['request_token', 'state'].map((name) =>
      callback.searchParams.get(name),
    );
    return visitor.askRaw(query, { requestToken, state });
  };

  test.each(examples)('of %s answer without an error: %j', async (_path, query) => {
    const { status, data, errors, text } = await answerTo(query);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
    expect(data).toBeTruthy();
    expect(text).not.toMatch(/"__typename":"\w*Error"/);
  });
});

test.each(documents)('every relative link of %s leads somewhere', (path) => {
  const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  for (const link of links.filter((each) => !/^https?:/.test(each))) {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(path, '..', file);
    expect([link, existsSync(join(root, target))]).toEqual([link, true]);
    if (anchor === undefined) continue;
    const anchors = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    expect(anchors).toContain(anchor);
  }
});

test('the map of the code names what exists, and every folder of src', () => {
  const paths = firstCells(read('docs/code.md'), 'path');
  for (const path of paths) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  const folders = readdirSync(join(root, 'src')).filter((name) =>
    statSync(join(root, 'src', name)).isDirectory(),
  );
  const isNamed = (folder: string) => paths.some((path) => path.startsWith(`src/${folder}/`));
  expect(folders.filter((folder) => !isNamed(folder))).toEqual([]);
});

test('the table of dependencies is that of package.json', () => {
  const { dependencies } = JSON.parse(read('package.json'));
  expect(firstCells(readme, 'dependency').toSorted()).toEqual(Object.keys(dependencies).toSorted());
});

test('the table of what is bundled is that of the build', () => {
  const packages = new Set(Object.keys(bundled).map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0]));
  expect(firstCells(readme, 'bundled').toSorted()).toEqual(
    [...packages, ...bundledInConsole].toSorted(),
  );
});

test('the table of settings has every variable, and no other', () => {
  expect(firstCells(read('docs/settings.md'), 'variable').toSorted()).toEqual(
    settingNames.toSorted(),
  );
});

test('the settings that docs/browser-login.md shows are accepted, without a note', () => {
  const [{ text = '' } = {}] = blocksOf(read('docs/browser-login.md')).filter(
    ({ language }) => language === 'ini',
  );
  const lines = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.startsWith('<') ? randomBytes(32).toString('base64') : value,
  ]);
  expect(lines).toHaveLength(8);
  expect(lines).toContainEqual(['NODE_ENV', 'production']);
  expect(readConfig(Object.fromEntries(lines)).notices).toEqual([]);
});

test('.env.example has every variable, and no other, and sets none', () => {
  const text = read('.env.example');
  const names = [...text.matchAll(/^# ([A-Z_]+)=/gm)].map(([, name = '']) => name);
  expect(names.toSorted()).toEqual(settingNames.toSorted());
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});

test('docs/limits.md lists every limit with its default; `npm run codegen` writes it', () => {
  expect(read('docs/limits.md')).toBe(limitsPage());
});

test('docs/errors.md has every code in its table and as a section, and no other', () => {
  const type = schema.getType('ErrorCode');
  const codes =
    type !== undefined && 'getValues' in type ? type.getValues().map(({ name }) => name) : [];
  expect(firstCells(errorsPage, 'code').toSorted()).toEqual(codes.toSorted());
  const sections = [...errorsPage.matchAll(/^### (\w+)$/gm)].map(([, code]) => code);
  expect(sections.toSorted()).toEqual(codes.toSorted());
});

test('the file of the package has the version of package.json in every document', () => {
  const { version } = JSON.parse(read('package.json'));
  const named = documents.flatMap((path) => [
    ...read(path).matchAll(/kite-graphql-(\d[\w.-]*)\.tgz/g),
  ]);
  expect(named.length).toBeGreaterThan(0);
  for (const [, found] of named) expect(found).toBe(version);
});

test('every npm command that a document names exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = documents.flatMap((path) => [...read(path).matchAll(/npm run ([\w:-]+)/g)]);
  for (const [, name = ''] of named) expect(Object.keys(scripts)).toContain(name);
});
