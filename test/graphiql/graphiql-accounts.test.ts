// The bar of GraphiQL in a real browser: the accounts of this browser, login, logout, and the accounts of a query.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import {
  answered,
  answerOf,
  clickAt,
  openTab,
  ready,
  remains,
  runUntil,
  visitGraphiql,
  writeQuery,
} from '../support/browser/graphiql.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { apps, startOfTime, startWorld, tokens } from '../support/world.ts';

// Reached by the very address that its cookies and redirects are built on, and Kite's way back leads there.
const [port = 0] = await freePorts(1);
const own = `http://localhost:${port}`;
const world = await startWorld(
  {
    graphiql: { authorization: tokens('SIM0001') },
    publicUrl: own,
    exposeTokens: false,
    apps: apps.map((app) => ({ ...app, listed: true })),
    now: () => startOfTime,
  },
  { redirectUrl: `${own}/callback` },
  port,
);

describeWithChromium('the bar of GraphiQL', (browser) => {
  const visit = (address = `${own}/graphql`, viewport = { width: 1280, height: 800 }) =>
    visitGraphiql(browser, address, viewport);

  test('logs in in a window of its own, keeps what was typed, and ends on the tab of this browser', async () => {
    const { context, page, requests, complaints } = await visit();
    await writeQuery(page, '# not saved\n{ apps { name } }');
    await logIn(page, 'SIM0002');
    await expect
      .poll(() => accounts(page))
      .toEqual([expect.stringMatching(/^\w+ \w+ SIM0002 · Kite active until 06:00 Log out$/)]);
    await expect.poll(() => activeTab(page)).toBe('ThisBrowser');
    expect(await page.locator('#browser-head').textContent()).toBe('This browser: 1 account');
    await clickAt(page, 'query ThisBrowser');
    await runUntil(page, '"ACTIVE"');
    const { sessions } = JSON.parse(await answerOf(page)).data;
    expect(sessions).toMatchObject([{ state: 'ACTIVE', user: { userId: 'SIM0002' } }]);
    await openTab(page, '<untitled>');
    await page.getByText('# not saved').first().waitFor();
    expect(page.url()).toBe(`${own}/graphql`);

    expect(complaints).toEqual([]);
    const address = new URL(requests.find((url) => url.includes('request_token')) ?? own);
    const requestToken = address.searchParams.get('request_token') ?? 'none';
    expect(await page.content()).not.toContain(requestToken);
    expect(await remains(context, page)).not.toContain(requestToken);
  });

  test('says that a login was cancelled, and nothing that an address makes up', async () => {
    const { page, complaints } = await visit();
    const popup = await openLogin(page);
    await popup.locator('#cancel').click();
    await expect.poll(() => status(page)).toContain('The last login failed: LOGIN_CANCELLED.');
    expect(await activeTab(page)).toBe('WhoAmI');
    await page.goto(`${own}/graphql?login=done&error=${encodeURIComponent('<b>Call 555</b>')}`);
    await ready(page);
    await expect.poll(() => page.locator('#browser-head').textContent()).toContain('no account');
    expect(await status(page)).toBe('');
    expect(complaints).toEqual([]);
  });

  test('ends on the tab of this browser also where the login has no window of its own', async () => {
    const { page, complaints } = await visit();
    await page.goto((await page.locator('#login a').first().getAttribute('href')) ?? '');
    await approve(page, 'SIM0003');
    await ready(page);
    await expect.poll(() => activeTab(page)).toBe('ThisBrowser');
    await expect.poll(() => accounts(page)).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  test('aims the queries of a tab at the accounts that are chosen, by keyboard', async () => {
    const { page, complaints } = await visit();
    for (const user of ['SIM0002', 'SIM0003', 'SIM0004']) await logIn(page, user);
    await expect.poll(() => accounts(page)).toHaveLength(3);
    await openTab(page, 'BrowserMargins');
    for (const user of ['SIM0002', 'SIM0004']) {
      await page.getByRole('checkbox', { name: user }).focus();
      await page.keyboard.press('Space');
    }
    expect(await status(page)).toMatch(/^This tab asks for \w+ \w+, \w+ \w+\.$/);
    await world.calls();
    await clickAt(page, 'query BrowserMargins');
    await runUntil(page, '"combinedMargins"');
    const { data } = JSON.parse(await answerOf(page));
    expect(data.accounts).toHaveLength(2);
    const asked = (await world.calls()).map(({ userId }) => userId);
    expect(new Set(asked)).toEqual(new Set(['SIM0002', 'SIM0004']));

    // In each tab that has the variable, as it comes to the front; without a choice, all of them.
    await openTab(page, 'LiveBrowser');
    await page.getByRole('button', { name: 'Variables', exact: true }).click();
    await expect.poll(() => toolText(page)).toContain(data.accounts[1].id);
    for (const user of ['SIM0002', 'SIM0004']) {
      await page.getByRole('checkbox', { name: user }).uncheck();
    }
    expect(await status(page)).toBe('This tab asks for every account.');
    await expect.poll(() => toolText(page)).toBe('{}');
    expect(complaints).toEqual([]);
  });

  test('leads on where the tab in front has no variable for the accounts, or credentials of its own', async () => {
    const { page } = await visit();
    await logIn(page, 'SIM0002');
    await openTab(page, 'WhoAmI');
    await page.getByRole('checkbox', { name: 'SIM0002' }).check();
    expect(await status(page)).toContain('no variable $accountIds');
    await writeQuery(
      page,
      'query Own($accountId: ID) { account(id: $accountId) { user { userId } } }',
    );
    await expect.poll(() => status(page)).toContain('sends an Authorization header');
    await page.getByRole('button', { name: 'Remove the header' }).click();
    await clickAt(page, 'query Own');
    await runUntil(page, '"SIM0002"');
    await openTab(page, 'Margins');
    await page.getByRole('checkbox', { name: 'SIM0002' }).uncheck();
    await page.getByRole('checkbox', { name: 'SIM0002' }).check();
    await page.getByRole('button', { name: 'Open BrowserMargins' }).click();
    await expect.poll(() => activeTab(page)).toBe('BrowserMargins');
    expect(await status(page)).toContain('This tab asks for');
  });

  test('logs one account out and then all, keeps the focus, and tells every tab', async () => {
    const { context, page, complaints } = await visit();
    for (const user of ['SIM0002', 'SIM0003']) await logIn(page, user);
    const other = await context.newPage();
    await other.goto(`${own}/graphql`);
    await ready(other);
    await expect.poll(() => accounts(other)).toHaveLength(2);
    await writeQuery(page, '# not saved');
    await world.calls();
    const item = page.locator('#browser-accounts li').filter({ hasText: 'SIM0002' });
    await item.getByRole('button', { name: /^Log out / }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => item.textContent()).toContain('logged out');
    expect(await status(page)).toMatch(/^Logged out: \w+ \w+\. $/);
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toMatch(/^Log in again: /);
    await expect.poll(() => other.locator('#browser-head').textContent()).toContain('1 account');
    await page.getByRole('button', { name: 'Log out all' }).click();
    for (const each of [page, other]) {
      await expect.poll(() => each.locator('#browser-head').textContent()).toContain('no account');
      expect(await each.getByRole('button', { name: 'Log out all' }).isVisible()).toBe(false);
    }
    const calls = (await world.calls()).map(({ method, userId }) => `${method} ${userId}`);
    expect(calls).toEqual(['DELETE SIM0002', 'DELETE SIM0003']);
    await page.getByText('# not saved').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test('shows labels as text, after an operation of the page has set them', async () => {
    const { page, complaints } = await visit();
    await logIn(page, 'SIM0002');
    await openTab(page, 'ThisBrowser');
    await writeQuery(page, '{ accounts { id } }');
    await runUntil(page, '"id"');
    const [{ id }] = JSON.parse(await answerOf(page)).data.accounts;
    const label = '<img src=x onerror=alert(1)>';
    const query = `mutation { labelAccount(accountId: "${id}", label: "${label}") { __typename } }`;
    await writeQuery(page, query);
    await runUntil(page, '"Account"');
    await expect.poll(async () => (await accounts(page))[0]).toContain(`${label} `);
    expect(await page.locator('#browser img').count()).toBe(0);
    await page.getByRole('button', { name: `Log out ${label}` }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('follows margins and sessions with the cookie alone, also while a login goes on', async () => {
    const { page, complaints } = await visit();
    await logIn(page, 'SIM0004');
    await openTab(page, 'LiveBrowser');
    await clickAt(page, 'subscription LiveBrowser');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"marginsChanged"');
    const { net } = await world.payIn('SIM0004', 'equity', 0.25);
    await answered(page, `${net}`);

    await openTab(page, 'LiveSessions');
    await clickAt(page, 'subscription LiveSessions');
    await page.keyboard.press('Control+Enter');
    await answered(page, '"PRESENT"');
    await logIn(page, 'SIM0002');
    await answered(page, '"STARTED"');
    expect(await activeTab(page)).toBe('LiveSessions');
    await page.getByRole('button', { name: 'Log out all' }).click();
    await answered(page, '"LOGGED_OUT"');
    expect(complaints).toEqual([]);
  });

  test('offers the login again once Kite has refused a session', async () => {
    const { page } = await visit();
    await logIn(page, 'SIM0005');
    await world.advance(24 * 3_600);
    await openTab(page, 'BrowserMargins');
    await clickAt(page, 'query BrowserMargins');
    await runUntil(page, '"SESSION_EXPIRED"');
    await expect.poll(async () => (await accounts(page))[0]).toContain('expired');
    const popup = page.waitForEvent('popup');
    await page.getByRole('link', { name: /^Log in again: / }).click();
    await approve(await popup, 'SIM0005');
    await expect.poll(async () => (await accounts(page))[0]).toContain('active');
    expect(await accounts(page)).toHaveLength(1);
    await world.reset();
  });

  test('says where logins reach it, at another address than its own', async () => {
    const { page, complaints } = await visit(world.url);
    await expect.poll(() => status(page)).toContain('Logins do not reach this address.');
    await page.getByRole('link', { name: `Open ${own}/graphql` }).click();
    await page.waitForURL(`${own}/graphql`);
    expect(complaints).toEqual([]);
  });
});

async function openLogin(page: Page): Promise<Page> {
  const popup = page.waitForEvent('popup');
  await page.getByRole('link', { name: 'Simulator', exact: true }).click();
  return popup;
}

async function approve(page: Page, userId: string): Promise<void> {
  await page.locator(`input[name=user_id][value=${userId}]`).check();
  await page.locator('#approve').click();
}

/** Logs in by the link of the bar, and waits until the window of the login has closed itself. */
async function logIn(page: Page, userId: string): Promise<void> {
  const popup = await openLogin(page);
  const closed = popup.waitForEvent('close');
  await approve(popup, userId);
  await closed;
  await page.locator('#browser-accounts li').filter({ hasText: userId }).waitFor();
}

/** What the bar says of each account. */
async function accounts(page: Page): Promise<readonly string[]> {
  const texts = await page.locator('#browser-accounts li').allInnerTexts();
  return texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());
}

async function status(page: Page): Promise<string> {
  return (await page.locator('#browser-status').textContent()) ?? '';
}

async function activeTab(page: Page): Promise<string> {
  return page.locator('.graphiql-tab-active').innerText();
}

/** The text of the tool that is open below the query. */
async function toolText(page: Page): Promise<string> {
  const editor = page.locator('.graphiql-editor-tool .view-lines').locator('visible=true');
  return (await editor.allInnerTexts()).join('');
}
