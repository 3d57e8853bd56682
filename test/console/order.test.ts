// Answers that arrive in another order than they were asked for: the console shows the newest, and no late failure.
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  loggedIn,
  logInAtKotak,
  logInBeside,
  openLine,
  visitConsole,
} from '../support/browser/console.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { apps, kotakApp, startWorld } from '../support/world.ts';

const clock = new TestClock();
const begin = Date.now();
const line = await openLine();
const home = `http://localhost:${line.port}/`;
const world = await startWorld(
  {
    publicUrl: home,
    apps: [{ ...apps[0], apiKey: 'simulator', name: 'Zerodha' }, kotakApp],
    console: true,
    exposeTokens: false,
    // It stands still, so that nothing is polled by itself.
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

const patience = { timeout: 15_000 };

/** Holds the first request of an operation from now on. The later ones pass, and those of `never` do not arrive. */
async function holdFirst(page: Page, name: string, never: readonly string[] = []) {
  let held: Route | undefined;
  await page.route('**/graphql', async (route) => {
    const { query } = route.request().postDataJSON();
    const [, operation = ''] = /(?:query|mutation|subscription) (\w+)/.exec(query) ?? [];
    if (never.includes(operation)) return;
    if (operation !== name || held) return route.continue();
    held = route;
  });
  /** The route that is held. */
  const route = async () => {
    await expect.poll(() => held !== undefined, patience).toBe(true);
    return held as Route;
  };
  /** Lets the answer arrive, and the page show what it makes of it. */
  const answer = async (options: Parameters<Route['fulfill']>[0]) => {
    const late = await route();
    const request = late.request();
    // The client ends a request itself when it has the last part.
    const over = Promise.any([
      page.waitForEvent('requestfinished', (each) => each === request),
      page.waitForEvent('requestfailed', (each) => each === request),
    ]);
    await late.fulfill(options);
    await over;
    for (let frames = 0; frames < 5; frames++) {
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))),
      );
    }
  };
  return { route, answer };
}

/** Makes the page read everything anew, at a time when the last answers of brokers are too old for it. */
async function readAgain(page: Page): Promise<void> {
  clock.advance(10);
  await page.evaluate(() => void dispatchEvent(new Event('online')));
}

describeWithChromium('the console, of answers that overtake each other,', (browser) => {
  const visit = async (...users: readonly string[]) => {
    const options = users.length > 0 ? await loggedIn(home, ['simulator', ...users]) : {};
    const visitor = await visitConsole(browser, home, options);
    onTestFinished(visitor.close);
    return visitor.page;
  };

  test('keeps the newer list of sessions', async () => {
    const page = await visit();
    const welcome = page.getByRole('heading', { name: 'Log in to a first account' });
    await welcome.waitFor();
    // The stream would correct the list.
    const { route, answer } = await holdFirst(page, 'Sessions', ['SessionsChanged']);
    await readAgain(page);
    const response = await (await route()).fetch();
    await logInBeside(page, home, 'SIM0001');
    await readAgain(page);
    await page.getByText('The account is logged in').waitFor();
    await answer({ response });
    expect(await welcome.count()).toBe(0);
    expect(await page.getByText('The account is logged in').count()).toBe(1);
  });

  test('shows no failure of an earlier read of sessions', async () => {
    const page = await visit('SIM0001');
    await page.getByText('The account is logged in').waitFor();
    const { route, answer } = await holdFirst(page, 'Sessions');
    await readAgain(page);
    await route();
    const funds = page.waitForResponse((each) =>
      /query Funds/.test(each.request().postData() ?? ''),
    );
    await readAgain(page);
    await funds;
    await answer({ status: 503, contentType: 'text/plain', body: 'busy' });
    expect(await page.getByText('What follows is older.').count()).toBe(0);
  });

  test('shows no failure of an earlier read of funds at Kotak', async () => {
    const page = await visit();
    await page.getByRole('link', { name: 'Log in with Kotak' }).click();
    await logInAtKotak(page, world.simulator.url, 'SIMK01');
    await page.getByText('The account is logged in').waitFor();
    await world.fault({ kind: 'service-unavailable', userId: 'SIMK01' });
    const again = page.locator('.account').getByRole('button', { name: 'Try again' });
    await readAgain(page);
    await again.waitFor({ timeout: 10_000 });
    const { route, answer } = await holdFirst(page, 'Funds');
    await readAgain(page);
    const response = await (await route()).fetch();
    await world.clearFaults();
    clock.advance(10);
    await again.click();
    await again.waitFor({ state: 'hidden' });
    await answer({ response });
    expect(await again.count()).toBe(0);
  });
});
