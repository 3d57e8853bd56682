// The console in a real browser, by mouse: logins at two brokers, a label, funds, sums of which one account is missing, a
// live change, a session that is ended in another browser, a logout; at two widths and in both themes.
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  approveAtZerodha,
  label,
  logInAtKotak,
  openLine,
  visitConsole,
} from '../support/browser/console.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { afterPolls } from '../support/polls.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { apps, kotakApp, startWorld } from '../support/world.ts';

const pictures = join(tmpdir(), 'kite-graphql-console');
mkdirSync(pictures, { recursive: true });
const clock = new TestClock();
const begin = Date.now();
const line = await openLine();
const home = `http://localhost:${line.port}/`;
const world = await startWorld(
  {
    publicUrl: home,
    apps: [{ ...apps[0], apiKey: 'simulator', name: 'Zerodha' }, kotakApp],
    console: { name: 'Deshpande & Sons' },
    graphiql: true,
    exposeTokens: false,
    clock,
    now: () => new Date(begin + clock.milliseconds()),
  },
  { redirectUrl: `${home}callback`, now: new Date(begin) },
);
line.leadTo(Number(new URL(world.url).port));
afterAll(() => line.close());

beforeEach(async () => {
  await world.clearFaults();
  await world.reset();
});

/** Finds what axe has against the page, in both themes, and takes a picture of each. */
async function examine(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(() => scrollTo(0, 0));
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
    expect([name, colorScheme, found]).toEqual([name, colorScheme, []]);
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), fullPage: true });
    // Nothing is wider than the screen.
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect([name, width]).toEqual([name, 0]);
  }
}

const widths = [
  ['desktop', { width: 1280, height: 860 }, 'SIM0001', 'SIM0004'],
  ['phone', { width: 390, height: 844 }, 'SIM0002', 'SIM0005'],
] as const;

describeWithChromium('the console', (browser) => {
  test.each(widths)(
    'goes its whole round at the width of a %s',
    async (width, viewport, mother, self) => {
      const { page, requests, complaints, close } = await visitConsole(browser, home, { viewport });
      onTestFinished(close);
      const isPhone = width === 'phone';
      const row = (name: string | RegExp) => page.getByRole('link', { name });
      const overview = async () => {
        if (isPhone) await page.getByRole('link', { name: 'All accounts' }).click();
      };
      const totals = page.getByRole('region', { name: 'Available to trade' });

      await page.getByRole('heading', { name: 'Log in to a first account' }).waitFor();
      await examine(page, `${width}-welcome`);
      await page.getByRole('link', { name: 'Log in with Zerodha' }).click();
      await approveAtZerodha(page, mother);
      await row(new RegExp(mother)).click();
      await label(page, 'Mother');
      await overview();
      await page.getByRole('link', { name: 'Zerodha', exact: true }).click();
      await approveAtZerodha(page, self);
      await page.getByRole('link', { name: 'Kotak', exact: true }).click();
      await logInAtKotak(page, world.simulator.url, 'SIMK01');
      await page.getByText('All 3 accounts are logged in').waitFor();

      // The sums are the gateway's own; the account at Kotak is named beside them.
      const sum = () =>
        page.evaluate(async () => {
          const query = '{ combinedMargins { total { net } } }';
          const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=60' };
          const body = JSON.stringify({ query });
          const response = await fetch('graphql', { method: 'POST', headers, body });
          const { net } = (await response.json()).data.combinedMargins.total;
          const two = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
          return new Intl.NumberFormat('en-IN', two).format(net);
        });
      await totals.getByText('2 of 3 accounts').waitFor();
      await totals.getByText(await sum()).waitFor();
      await totals.getByText('amounts of another kind').waitFor();

      // One that fails is named, with why; a retry brings it back.
      await world.fault({ kind: 'service-unavailable', userId: self, path: '/user/margins' });
      await afterPolls(clock, totals.getByText('1 of 3 accounts'));
      await totals.getByText('the broker is not available').waitFor();
      await examine(page, `${width}-missing`);
      await world.clearFaults();
      await totals.getByRole('button', { name: 'Try again' }).click();
      await totals.getByText('2 of 3 accounts').waitFor();

      // Live: the account, its line and the sums.
      await row(/^Mother/).click();
      const account = page.getByRole('region', { name: 'Mother' });
      await account.getByText('% used').first().waitFor();
      await world.payIn(mother, 'equity', 2500.5);
      await afterPolls(clock, account.getByText('+2,500.50 up'));
      await account.getByText('1 change while this page is open').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();

      // The same user in another browser, whose session is ended from here.
      const other = await visitConsole(browser, home);
      onTestFinished(other.close);
      await other.page.getByRole('link', { name: 'Log in with Zerodha' }).click();
      await approveAtZerodha(other.page, mother);
      await other.page.getByText('The account is logged in').waitFor();
      await page.reload();
      await account.getByRole('button', { name: /^End the session of/ }).click();
      await page.getByText('The session is ended.').waitFor();
      await account.getByText('nowhere else').waitFor();
      await other.page.getByText('ended from another browser').first().waitFor();
      await other.page.getByText('The account needs a login').waitFor();
      await examine(page, `${width}-account`);

      // An account that is logged out keeps its place.
      const order = () => page.locator('.row-name').allTextContents();
      await overview();
      const before = await order();
      await row(/SIMK01/).click();
      await page.getByRole('button', { name: 'Log out', exact: true }).click();
      await page.getByRole('button', { name: 'Log out', exact: true }).click();
      await page.getByText(/is logged out\.$/).waitFor();
      await page.getByText('1 of 3 accounts needs a login').waitFor();
      await overview();
      expect(await order()).toEqual(before);
      await page
        .getByRole('link', { name: /^Log in to/ })
        .first()
        .waitFor();
      await examine(page, `${width}-logged-out`);

      expect([...complaints, ...other.complaints]).toEqual([]);
      const known = [new URL(home).origin, new URL(world.simulator.url).origin];
      const elsewhere = [...requests, ...other.requests].filter(
        (url) => !known.includes(new URL(url).origin),
      );
      expect(elsewhere).toEqual([]);
    },
  );

  test('works by keys alone, at 320 px, and says when it is not live', async () => {
    const viewport = { width: 320, height: 640 };
    const { page, complaints, close } = await visitConsole(browser, home, {
      viewport,
      acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    onTestFinished(close);
    await page.getByRole('link', { name: 'Log in with Zerodha' }).focus();
    await page.keyboard.press('Enter');
    await approveAtZerodha(page, 'SIM0001');
    await page.getByRole('link', { name: /SIM0001/ }).focus();
    await page.keyboard.press('Enter');
    // The focus follows to the other screen.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('account-title');
    await label(page, '=Mother');
    await examine(page, 'narrow-account');

    const menu = page.getByRole('button', { name: 'Menu of =Mother' });
    const hasFocus = () => menu.evaluate((button) => button === document.activeElement);
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('Copied as curl.').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain('query AccountFunds($accountId: ID!)');
    await expect.poll(hasFocus).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await expect.poll(hasFocus).toBe(true);

    await menu.click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const csv = readFileSync(await download.path(), 'utf8');
    expect(csv.split('\r\n')[1]).toMatch(/^'=Mother,equity,[^,]+,yes,99725\.05/);

    await page.getByLabel('Unit of amounts').selectOption('lakh');
    await page.getByRole('region', { name: 'equity' }).getByText('1.00').first().waitFor();
    await page.getByRole('button', { name: 'Blur amounts and names' }).click();
    const filter = () =>
      page.locator('#account-title').evaluate((title) => getComputedStyle(title).filter);
    await expect.poll(filter).toContain('blur');
    const stored = await page.evaluate(() =>
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    expect(JSON.parse(stored)).toEqual({
      'kite-graphql.console': '{"theme":"auto","unit":"lakh","blur":true}',
    });
    expect(complaints).toEqual([]);

    await page.getByText('Live', { exact: true }).waitFor();
    line.breakOff();
    await page.getByText(/^Not live since .*, reconnecting$/).waitFor();
    line.mend();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.context().setOffline(true);
    await page.getByText('This device is offline.').waitFor();
    await page.context().setOffline(false);
    await page.getByText('This device is offline.').waitFor({ state: 'hidden' });
  });

  test('leads to its own address from any other', async () => {
    const { page, complaints, close } = await visitConsole(
      browser,
      home.replace('localhost', '127.0.0.1'),
    );
    onTestFinished(close);
    await examine(page, 'wrong-place');
    await page.getByRole('link', { name: `Open ${home}` }).click();
    await page.getByRole('heading', { name: 'Log in to a first account' }).waitFor();
    expect(complaints).toEqual([]);
  });
});

declare global {
  interface Window {
    axe: typeof axe;
  }
}
