// The morning screen of the console: who is counted, and what is offered.
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { loggedIn, logInBeside, openLine, visitConsole } from '../support/browser/console.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { kotakApp, startWorld } from '../support/world.ts';

const line = await openLine();
const home = `http://localhost:${line.port}/`;
const app = (apiKey: string, name: string) => ({
  apiKey,
  apiSecret: `${apiKey}-secret`,
  name,
  listed: true,
});
const world = await startWorld(
  {
    publicUrl: home,
    apps: [app('simulator', 'Zerodha'), app('simulator-platform', 'Second app'), kotakApp],
    console: true,
    exposeTokens: false,
    limits: { loginAttempts: 1_000 },
    // It stands still, so that nothing is polled again.
    clock: new TestClock(),
  },
  { redirectUrl: `${home}callback`, now: new Date(), accounts: 100 },
);
line.leadTo(Number(new URL(world.url).port));
afterAll(() => line.close());
beforeEach(() => world.reset());

describeWithChromium('the morning screen', (browser) => {
  const visit = async (...logins: Parameters<typeof loggedIn>[1][]) => {
    const visitor = await visitConsole(browser, home, await loggedIn(home, ...logins));
    onTestFinished(visitor.close);
    return visitor;
  };

  test('tells of a cancelled login and of a failed one in their own ways, and blurs the names in what it tells', async () => {
    const { page } = await visit(['simulator', 'SIM0001', 'SIM0004']);
    await page.getByText('All 2 accounts are logged in').waitFor();
    const notice = page.locator('.notice');
    await page.goto(`${home}?error=LOGIN_CANCELLED`);
    await notice.getByText('The login was cancelled.').waitFor();
    expect(await notice.textContent()).not.toContain('LOGIN_CANCELLED');
    await page.goto(`${home}?error=LOGIN_EXPIRED`);
    await notice.getByText('LOGIN_EXPIRED').waitFor();

    await page.getByRole('button', { name: /^Log out all/ }).click();
    await page.getByRole('button', { name: 'Log out all', exact: true }).click();
    await notice.getByText('are logged out.').waitFor();
    expect(await notice.locator('.private').count()).toBe(2);
    const told = (await notice.locator('strong').textContent()) ?? '';
    const names = await notice.locator('.private').allTextContents();
    const rest = names.reduce((text, name) => text.replace(name, ''), told);
    expect(rest.trim()).toBe('and  are logged out.');
  });

  test('counts accounts, not apps: one that is not used yet is offered apart', async () => {
    const { page, complaints } = await visit(['simulator', 'SIM0001', 'SIM0004']);
    await page.getByText('All 2 accounts are logged in').waitFor();
    await page.getByText('2 of 2 accounts').waitFor();
    const list = page.getByRole('navigation', { name: 'Accounts' });
    expect(await list.getByRole('heading', { level: 3 }).allTextContents()).toEqual([
      'Logged in · 2',
      'Log in another account',
    ]);
    expect(await list.locator('.apps li').allTextContents()).toEqual([
      'Zerodha',
      'Second appno account yet',
      'Kotakno account yet',
    ]);

    await page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' };
      const ask = async (query: string) => {
        const body = JSON.stringify({ query });
        return (await fetch('graphql', { method: 'POST', headers, body })).json();
      };
      const { data } = await ask('{ sessions { account { id } } }');
      await ask(
        `mutation { logout(accountIds: ["${data.sessions[0].account.id}"]) { loggedOut } }`,
      );
    });
    await page.getByText('1 of 2 accounts needs a login').waitFor();
    await page.getByText('1 of 2 accounts, as of').waitFor();
    await list.getByRole('heading', { name: 'Logged in · 1 of 2' }).waitFor();
    await list.getByRole('button', { name: /^Log out all/ }).waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByText('1 of 2 accounts needs a login').waitFor();
    await list.getByRole('heading', { name: 'Login needed · 1' }).waitFor();
    await list.getByRole('heading', { name: 'Logged in · 1' }).waitFor();
    expect(await list.getByRole('link', { name: /^Log in to/ }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('counts a user through two apps in the sums once, and says so', async () => {
    const { page } = await visit(
      ['simulator', 'SIM0001', 'SIM0004'],
      ['simulator-platform', 'SIM0001'],
    );
    await page.getByText('All 3 accounts are logged in').waitFor();
    const totals = page.getByRole('region', { name: 'Available to trade' });
    await totals.getByText('3 of 3 accounts, as of').waitFor();
    expect(await totals.getByRole('heading', { level: 3 }).allTextContents()).toEqual([
      'Counted once',
    ]);
    expect(await totals.locator('.missing li').allTextContents()).toEqual([
      expect.stringMatching(/the same user through another app$/),
    ]);

    await page.getByRole('button', { name: 'Log out all 3' }).click();
    await page.getByText('the gateway forgets this list, with its labels').waitFor();
    await page.getByRole('button', { name: 'Log out all' }).click();
    await page.getByText(/ and .* are logged out\.$/).waitFor();
    // Nothing is left, as the question has said.
    await page.getByRole('heading', { name: 'Log in to a first account' }).waitFor();
  });

  test('logs all accounts out after a question that names them, and names those that a broker has not confirmed', async () => {
    const { page, complaints } = await visit(['simulator', 'SIM0001', 'SIM0002', 'SIM0004']);
    await page.getByText('3 of 3 accounts, as of').waitFor();
    const names = await page.locator('.row-name').allTextContents();
    await world.fault({ kind: 'service-unavailable', userId: 'SIM0002', path: '/session/token' });
    await world.calls();
    const ask = page.getByRole('button', { name: 'Log out all 3' });
    const hasFocus = (button: typeof ask) =>
      button.evaluate((element) => element === document.activeElement);
    const logouts = async () =>
      (await world.calls())
        .filter(({ method, path }) => method === 'DELETE' && path === '/session/token')
        .map(({ userId }) => userId);

    // A no ends nothing, and the focus comes back.
    await ask.focus();
    await page.keyboard.press('Enter');
    const question = page.getByRole('group', { name: 'Log out all 3 accounts?' });
    await question.getByText(new Intl.ListFormat('en-IN').format(names)).waitFor();
    expect(await hasFocus(question.getByRole('button', { name: 'Log out all' }))).toBe(true);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    expect(await hasFocus(ask)).toBe(true);
    expect(await logouts()).toEqual([]);

    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page
      .getByText(/^The broker has not confirmed the logout of .*\. The gateway goes on/)
      .waitFor();
    await page.getByText('The broker is not available.').waitFor();
    expect((await logouts()).toSorted()).toEqual(['SIM0001', 'SIM0002', 'SIM0004']);
    await page.getByText('All 3 accounts need a login').waitFor();
    await page.getByText('logging out', { exact: true }).waitFor();
    await question.waitFor({ state: 'hidden' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('list-title');
    expect(complaints).toEqual([]);
  });

  test('asks as much for sixty accounts as for one: two streams, and a query of each kind', async () => {
    const users = Array.from(
      { length: 60 },
      (_, index) => `SIM00${String(index + 1).padStart(2, '0')}`,
    );
    const { page, operations, complaints } = await visit(['simulator', ...users]);
    const seen = () => operations.map(({ name }) => name).toSorted();
    const calls = async () => (await world.calls()).map(({ method, path }) => `${method} ${path}`);
    await page.getByText('60 of 60 accounts, as of').waitFor();
    await page.getByText('nowhere else').waitFor();
    const once = ['Funds', 'MarginsChanged', 'Sessions', 'SessionsChanged', 'UserSessions'];
    expect(seen()).toEqual(once);
    const reads = (await calls()).filter((call) => call !== 'POST /session/token');
    expect(new Set(reads)).toEqual(new Set(['GET /user/margins']));
    // One for each; a second one only where the stream and the query miss each other.
    expect(reads.length).toBeGreaterThanOrEqual(users.length);
    expect(reads.length).toBeLessThan(2 * users.length);
    // Half of the calls that the broker allows in a second, however many accounts there are.
    const followed = operations.find(({ name }) => name === 'MarginsChanged');
    expect(followed?.variables).toMatchObject({ everySeconds: 12 });

    // A login in another tab: that account is read, and no other.
    operations.splice(0);
    await logInBeside(page, home, 'SIM0061');
    await page.getByText('61 of 61 accounts, as of').waitFor();
    expect(operations.find(({ name }) => name === 'Funds')?.variables.kite).toHaveLength(1);
    expect((await calls()).length).toBeLessThan(5);

    // Sixty-one ends are one change.
    operations.splice(0);
    await page.getByRole('button', { name: 'Log out all 61' }).click();
    await page.getByRole('button', { name: 'Log out all', exact: true }).click();
    await page.getByText(/ and 56 others are logged out\.$/).waitFor();
    await page.getByRole('heading', { name: 'Log in to a first account' }).waitFor();
    expect(operations.length, seen().join()).toBeLessThan(20);
    const ends = (await calls()).filter((call) => call === 'DELETE /session/token');
    expect(ends).toHaveLength(61);
    expect(complaints).toEqual([]);
  });
});
