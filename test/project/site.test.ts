// The site of the documents: every page of them, found by its search, with nothing from another host.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { referencePages, sections } from '../../scripts/site/pages.ts';
import { schema } from '../../src/schema/schema.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { wholeEnvironment } from '../support/processes/environment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'site/.vitepress/dist');
const read = (file: string) => readFileSync(join(built, file), 'utf8');

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/site.ts')], {
    cwd: root,
    env: wholeEnvironment(),
    stdio: 'pipe',
  });
}, 300_000);

test('every document is a page', () => {
  const shown = [...sections.flatMap(({ pages }) => pages), ...referencePages].map(
    ({ file }) => file,
  );
  for (const name of readdirSync(join(root, 'docs')))
    if (name.endsWith('.md')) expect(shown).toContain(`docs/${name}`);
});

test('llms.txt lists pages that exist, and every document', () => {
  const text = read('llms.txt');
  const listed = [...text.matchAll(/\]\(\/([^)]+)\)/g)].map(([, file = '']) => file);
  for (const file of listed) expect([file, existsSync(join(built, file))]).toEqual([file, true]);
  for (const { address } of sections.flatMap(({ pages }) => pages))
    expect(listed).toContain(`${address}.md`);
});

test('every link leads to a page or a picture, and to a heading of it', () => {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' });
  const pages = files.filter((file) => /\.html$/.test(file) && file !== '404.html');
  const anchors = new Map(
    pages.map((file) => [
      file,
      new Set([...read(file).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)),
    ]),
  );
  const isDead = (file: string, link = '') => {
    const { origin, pathname, hash } = new URL(
      link.replaceAll('&amp;', '&'),
      `http://site/${file}`,
    );
    if (origin !== 'http://site') return false;
    const path = decodeURIComponent(pathname.slice(1)).replace(/^$|\/$/, '$&index.html');
    const ids = anchors.get(path);
    if (hash === '' || ids === undefined) return !existsSync(join(built, path));
    return !ids.has(decodeURIComponent(hash.slice(1)));
  };
  const dead = pages.flatMap((file) =>
    [...read(file).matchAll(/<(?:a|img) [^>]*(?:href|src)="([^"]+)"/g)]
      .filter(([, link]) => isDead(file, link))
      .map(([, link]) => `${file}: ${link}`),
  );
  const pictures = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => [...read(file).matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)])
    .filter(([, link = '']) => link.startsWith('/') && !existsSync(join(built, link)))
    .map(([whole]) => whole);
  expect([dead, pictures]).toEqual([[], []]);
});

test('the reference has every field of every operation, and links to the types', () => {
  for (const [page, type] of [
    ['queries', schema.getQueryType()],
    ['mutations', schema.getMutationType()],
    ['subscriptions', schema.getSubscriptionType()],
  ] as const) {
    const text = read(`schema/${page}.md`);
    const names = Object.keys(type?.getFields() ?? {});
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(text).toContain(`\n## ${name}\n`);
  }
  expect(read('schema/queries.md')).toContain('](/schema/objects.md#account)');
  expect(read('schema/objects.md')).toContain('\n## Account\n');
});

describeWithChromium('in a browser', (browser) => {
  const types: Record<string, string> = { '.css': 'text/css', '.js': 'text/javascript' };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = join(built, normalize(pathname === '/' ? '/index.html' : pathname));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.setHeader('content-type', types[extname(file)] ?? 'text/html; charset=utf-8');
    response.end(readFileSync(file));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, 'localhost', resolve)));
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test('a reader finds an error by the search, and no request leaves the site', async () => {
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    const foreign: string[] = [];
    const faults: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) foreign.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(origin);
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('searchbox').fill('KEYRING_UNAVAILABLE');
    await page
      .getByRole('link', { name: /Errors .*KEYRING_UNAVAILABLE/ })
      .first()
      .click();
    await page.waitForURL(/errors\.html#keyring_unavailable/i);
    await page.getByRole('link', { name: 'Schema' }).first().click();
    await page.getByRole('heading', { name: 'combinedMargins' }).waitFor();

    // On a wide screen, the tables of settings, errors and limits fit beside the menu; on a phone, the pages fit.
    for (const name of ['settings', 'errors', 'limits']) {
      await page.goto(`${origin}/${name}.html`);
      const hidden = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('.vp-doc table')].map(
            (table) => table.scrollWidth - table.clientWidth,
          ),
        );
      expect([name, await hidden()]).toEqual([name, (await hidden()).map(() => 0)]);
      await page.setViewportSize({ width: 390, height: 844 });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect([name, width]).toEqual([name, 390]);
      await page.setViewportSize({ width: 1280, height: 860 });
    }
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
    await page.close();
  });
});
