// GraphiQL in a real browser: offline, greeting, working, and forgetful of every token.
import { describe, expect, test } from 'vitest';
import {
  answered,
  answerOf,
  clickAt,
  openTab,
  ready,
  remains,
  runUntil,
  visitGraphiql,
  write,
  writeQuery,
} from '../support/browser/graphiql.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { requestTokenOf } from '../support/login.ts';
import { apps, startWorld, tokens } from '../support/world.ts';

const authorization = tokens('SIM0001', 'SIM0002');
const world = await startWorld({ graphiql: { authorization }, apps: apps.slice(0, 1) });
const bare = await startWorld({ graphiql: true });
const none = await startWorld();
const origin = new URL(world.url).origin;

const opened = (url: string) =>
  fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' });

describe('the page', () => {
  test('comes to browsers on the GraphQL address, and from the root', async () => {
    const page = await opened(world.url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('x-request-id')).toBeTruthy();
    const root = await opened(`${origin}/`);
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql']);
  });

  test('may run nothing but its own scripts, and reach nothing but this gateway', async () => {
    const { headers } = await opened(world.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  test('holds credentials only where it was given them', async () => {
    expect(await (await opened(world.url)).text()).toContain('SIM0001-token');
    expect(await (await opened(bare.url)).text()).not.toContain('SIM0001');
  });

  test.each([
    ['listed, with its secret', apps.slice(0, 1), true],
    ['not listed', apps.slice(1).map((app) => ({ ...app, listed: false })), false],
    ['without its secret', [{ apiKey: 'simulator' }], false],
  ])('offers the login through an app that is %s: %#', async (_what, served, isOffered) => {
    const { url } = await startWorld({ graphiql: true, apps: served });
    expect((await (await opened(url)).text()).includes('<nav id="login"')).toBe(isOffered);
  });

  test('shows the name of an app as it is, and nothing more', async () => {
    const name = '"><script>alert(1)</script>&';
    const { url } = await startWorld({
      graphiql: true,
      apps: [{ apiKey: 'simulator', apiSecret: 'secret', name }],
    });
    const html = await (await opened(url)).text();
    expect(html).not.toContain('<script>alert(1)');
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;</a>');
  });

  test('is not there where it was not asked for', async () => {
    expect((await opened(none.url)).headers.get('content-type') ?? '').not.toContain('html');
    const root = await opened(new URL('/', none.url).href);
    expect(root.status).toBe(200);
    expect(await root.text()).toContain('It is at /graphql');
  });
});

describeWithChromium('in Chromium', (browser) => {
  const visit = (address: string) => visitGraphiql(browser, address);

  test('loads without leaving the machine or complaining, and answers the first tab at once', async () => {
    const { page, requests, complaints } = await visit(`${origin}/`);
    expect(page.url()).toBe(world.url);
    await page.locator('.graphiql-execute-button').click();
    await answered(page, 'SIM0002');
    expect(await answerOf(page)).toContain('"SIM0001"');
    expect(await answerOf(page)).not.toContain('"errors"');
    const elsewhere = requests.filter(
      (url) => !/^(data|blob):/.test(url) && new URL(url).origin !== origin,
    );
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('runs every other tab with Ctrl-Enter', async () => {
    const { page, complaints } = await visit(world.url);
    expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual([
      'WhoAmI',
      'Margins',
      'SeveralAccounts',
      'Sum',
      'Deferred',
      'LiveMargins',
      'ThisBrowser',
      'BrowserMargins',
      'LiveBrowser',
      'LiveSessions',
      'LogOut',
      'LoginUrls',
    ]);
    await openTab(page, 'Margins');
    await clickAt(page, 'query Margins');
    await runUntil(page, '"equity"');
    await openTab(page, 'SeveralAccounts');
    await clickAt(page, 'query SeveralAccounts');
    await runUntil(page, '"userName"');
    expect(await answerOf(page)).not.toContain('"errors"');
    await openTab(page, 'Sum');
    await clickAt(page, 'query Sum');
    await runUntil(page, '"failures": []');
    await openTab(page, 'Deferred');
    await clickAt(page, 'query Deferred');
    await runUntil(page, '"net"');
    expect(await answerOf(page)).not.toMatch(/"errors"|incremental/);
    await openTab(page, 'LoginUrls');
    await clickAt(page, 'query LoginUrls');
    await runUntil(page, 'login?v=3&api_key=simulator');
    expect(complaints).toEqual([]);
  });

  test('shows margins as they change, until it is stopped', async () => {
    const { page, complaints } = await visit(world.url);
    await openTab(page, 'LiveMargins');
    await world.calls();
    await clickAt(page, 'subscription LiveMargins');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"marginsChanged"');
    await world.payIn('SIM0002', 'equity', 1_000_000);
    const { net } = await world.payIn('SIM0002', 'equity', 0.5);
    await answered(page, `${net}`);
    const button = page.locator('.graphiql-execute-button');
    const does = () => button.getAttribute('aria-label');
    expect(await does()).toMatch(/stop/i);
    await button.click();
    await expect.poll(does).toMatch(/execute/i);
    expect(complaints).toEqual([]);
  });

  test('puts the parts of a deferred answer together', async () => {
    const { page, complaints } = await visit(world.url);
    await writeQuery(page, '{ accounts { apiKey ... @defer { user { userId } } } }');
    await runUntil(page, '"apiKey"');
    await answered(page, '"SIM0001"');
    const answer = await answerOf(page);
    expect(answer).toContain('"SIM0002"');
    expect(answer).not.toMatch(/incremental|"path"/);
    expect(complaints).toEqual([]);
  });

  test('leaves room for the login, and fits into the window', async () => {
    const { page } = await visit(world.url);
    const bar = await page.locator('#browser').boundingBox();
    const below = await page.locator('.graphiql-container').first().boundingBox();
    expect((bar?.height ?? 0) + (below?.height ?? 0)).toBe(800);
  });

  test('explains fields in its documentation', async () => {
    const { page } = await visit(world.url);
    await page.getByLabel('Show Documentation Explorer').click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).click();
    await page.getByText('Every account of this request').first().waitFor();
  });

  test('keeps no token once it is closed or loaded anew, and greets again', async () => {
    const { context, page } = await visit(world.url);
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    await page.locator('.graphiql-execute-button').click();
    await answered(page, 'SIM0002');

    await openTab(page, 'LoginUrls');
    await write(page, 'Variables', `{"requestToken": "${requestToken}"}`);
    await clickAt(page, 'mutation ExchangeToken');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"Session"');
    await write(page, 'Headers', '{"Authorization": "token simulator:SIM0003-token"}');
    await writeQuery(page, '# token-canary\n{ accounts { user { userId } } }');
    await runUntil(page, 'SIM0003');
    // What GraphiQL would keep, it writes half a second after the last change.
    await page.waitForTimeout(1_000);

    const kept = await remains(context, page);
    await page.reload();
    await ready(page);
    await page.locator('.graphiql-execute-button').click();
    await answered(page, 'SIM0002');
    expect(page.url()).toBe(world.url);
    for (const text of [kept, await remains(context, page)]) {
      for (const secret of [requestToken, 'SIM0001-token', 'SIM0003-token', 'token-canary']) {
        expect(text).not.toContain(secret);
      }
    }
  });
});
