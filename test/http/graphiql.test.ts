// GraphiQL in a real browser: offline, greeting, working, and forgetful of every token.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, launchChromium } from '../support/browser.ts';
import { freePorts } from '../support/command.ts';
import { isCi } from '../support/environment.ts';
import { requestTokenOf } from '../support/login.ts';
import { apps, startOfTime, startWorld, tokens } from '../support/world.ts';

const authorization = tokens('SIM0001', 'SIM0002');
const world = await startWorld({ graphiql: { authorization }, apps: apps.slice(0, 1) });
const bare = await startWorld({ graphiql: true });
const none = await startWorld();
// Reached by the very address that its cookies and redirects are built on, and Kite's way back leads there.
const [port = 0] = await freePorts(1);
const own = `http://localhost:${port}`;
const home = await startWorld(
  {
    graphiql: { authorization },
    publicUrl: own,
    exposeTokens: false,
    apps: apps.slice(0, 1),
    now: () => startOfTime,
  },
  { redirectUrl: `${own}/callback` },
  port,
);
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
    expect((await (await opened(url)).text()).includes('<nav id="login">')).toBe(isOffered);
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

// A run that must check everything does not skip it: without Chromium it fails at the launch.
describe.skipIf(chromiumPath === null && !isCi)('in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());

  async function visit(address: string) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    onTestFinished(() => context.close());
    const requests: string[] = [];
    const complaints: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    context.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    const page = await context.newPage();
    await page.goto(address);
    await ready(page);
    return { context, page, requests, complaints };
  }

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

  test('logs a user in and shows the account, on its own origin and with the cookie alone', async () => {
    const { context, page, requests, complaints } = await visit(
      home.url.replace('127.0.0.1', 'localhost'),
    );
    await openTab(page, 'ThisBrowser');
    await clickAt(page, 'query ThisBrowser');
    await runUntil(page, '"sessions": []');
    await page.getByRole('link', { name: 'Simulator' }).click();
    await page.locator('input[name=user_id][value=SIM0002]').check();
    await page.locator('#cancel').click();
    await ready(page);
    expect(page.url()).toBe(`${own}/graphql?error=LOGIN_CANCELLED`);
    await expect
      .poll(() => page.locator('#login').textContent(), { timeout: 10_000 })
      .toContain('LOGIN_CANCELLED');

    await page.getByRole('link', { name: 'Simulator' }).click();
    await page.locator('input[name=user_id][value=SIM0002]').check();
    await page.locator('#approve').click();
    await ready(page);
    expect(page.url()).toBe(`${own}/graphql`);
    expect(await page.locator('#login').textContent()).not.toContain('failed');
    await openTab(page, 'ThisBrowser');
    await clickAt(page, 'query ThisBrowser');
    await runUntil(page, '"ACTIVE"');
    const { sessions } = JSON.parse(await answerOf(page)).data;
    expect(sessions).toMatchObject([{ state: 'ACTIVE', account: {}, user: {} }]);
    expect(sessions).toHaveLength(1);

    const address = new URL(requests.find((url) => url.includes('request_token')) ?? own);
    const requestToken = address.searchParams.get('request_token') ?? 'none';
    expect(complaints).toEqual([]);
    expect(await remains(context, page)).not.toContain(requestToken);
  });

  test('follows margins and sessions of this browser with the cookie alone', async () => {
    const { page, complaints } = await visit(`${own}/graphql`);
    await page.goto(`${own}/login?app=simulator&returnTo=${encodeURIComponent(`${own}/graphql`)}`);
    await page.locator('input[name=user_id][value=SIM0004]').check();
    await page.locator('#approve').click();
    await ready(page);
    await openTab(page, 'LiveBrowser');
    await clickAt(page, 'subscription LiveBrowser');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"marginsChanged"');
    const { net } = await home.payIn('SIM0004', 'equity', 0.25);
    await answered(page, `${net}`);

    await openTab(page, 'LiveSessions');
    await clickAt(page, 'subscription LiveSessions');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"PRESENT"');
    const loggedOut = await page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ query: 'mutation { logout { loggedOut } }' });
      return (await fetch('/graphql', { method: 'POST', headers, body })).json();
    });
    expect(loggedOut.data.logout.loggedOut).toHaveLength(1);
    await answered(page, '"LOGGED_OUT"');
    expect(complaints).toEqual([]);
  });

  test('leaves room for the login, and fits into the window', async () => {
    const { page } = await visit(world.url);
    const bar = await page.locator('#login').boundingBox();
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

/** Waits until the page knows the schema, and so can run. */
async function ready(page: Page): Promise<void> {
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await page.locator('.graphiql-execute-button').waitFor();
}

/** Opens a tab. A real mouse, pressed once: a click of the tool would wait until the tab is where it can be hit. */
async function openTab(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  const tab = page.locator('.graphiql-tab').filter({ has: button });
  await button.scrollIntoViewIfNeeded();
  const box = await button.boundingBox();
  if (box === null) expect.fail('no tab');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(60);
  await page.mouse.up();
  await tab.and(page.locator('.graphiql-tab-active')).waitFor();
}

/** Puts the cursor into the line that holds the words. */
async function clickAt(page: Page, words: string): Promise<void> {
  const lines = page.locator('.graphiql-query-editor .view-line');
  await lines
    .filter({ hasText: words.replaceAll(' ', '\u00a0') })
    .first()
    .click();
}

async function write(page: Page, tool: 'Variables' | 'Headers', text: string): Promise<void> {
  await page.getByRole('button', { name: tool, exact: true }).click();
  await page.locator('.graphiql-editor-tool .view-line').locator('visible=true').first().click();
  await replace(page, text);
}

async function writeQuery(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-query-editor .view-line').first().click();
  await replace(page, text);
}

async function replace(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

async function answerOf(page: Page): Promise<string> {
  const text = await page.locator('.graphiql-response').textContent();
  return (text ?? '').replaceAll('\u00a0', ' ');
}

async function answered(page: Page, text: string): Promise<void> {
  await expect.poll(() => answerOf(page), { timeout: 10_000 }).toContain(text);
}

/**
 * Presses Ctrl-Enter and waits for the answer; again after a while, because the page learns of new text a moment
 * later. Not at once again: while an operation runs, the keys stop it.
 */
async function runUntil(page: Page, text: string): Promise<void> {
  for (let tries = 0; tries < 4; tries += 1) {
    await page.keyboard.press('Control+Enter');
    const found = expect.poll(() => answerOf(page), { timeout: 2_000 }).toContain(text);
    if (
      await found.then(
        () => true,
        () => false,
      )
    )
      return;
  }
  expect(await answerOf(page)).toContain(text);
}

/** All that the browser would still know: its storages, its databases, its cookies, its address. */
async function remains(context: BrowserContext, page: Page): Promise<string> {
  const state = await context.storageState({ indexedDB: true });
  // Another page of the origin: GraphiQL's own sees storages of its own.
  const other = await context.newPage();
  await other.goto(new URL('/nothing', page.url()).href);
  const stored = await other.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
  );
  const databases = await other.evaluate(async () => JSON.stringify(await indexedDB.databases()));
  await other.close();
  return [JSON.stringify(state), stored, databases, page.url()].join('\n');
}
