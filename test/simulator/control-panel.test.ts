// The control panel of the simulator's page in a real browser, by click.
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { control, get, start } from './helper.ts';

test('the page runs its own script, and calls nothing but the simulator', async () => {
  const simulator = await start();
  const policy = (await fetch(simulator.url)).headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/default-src 'none';.*script-src 'sha256-[\w+/=]+'; connect-src 'self'/);
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  const login = await fetch(`${simulator.url}/connect/login?api_key=simulator`);
  expect(login.headers.get('content-security-policy')).not.toContain('script-src');
});

describeWithChromium('in Chromium', (browser) => {
  async function open(viewport = { width: 1280, height: 800 }) {
    const simulator = await start();
    const context = await browser.newContext({ viewport });
    onTestFinished(() => context.close());
    const complaints: string[] = [];
    context.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    const page = await context.newPage();
    await page.goto(simulator.url);
    await expect.poll(() => page.locator('#clock-now').textContent()).toContain('10:00');
    return { simulator, page, complaints };
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
  const status = (page: Page) => page.locator('#control-status').textContent();

  test('moves the clock, also to six in the morning, and sets it', async () => {
    const { simulator, page, complaints } = await open();
    await press(page, 'An hour on');
    await expect.poll(() => page.locator('#clock-now').textContent()).toContain('11:00');
    await press(page, 'On to six in the morning');
    await expect.poll(() => page.locator('#clock-now').textContent()).toMatch(/6 Jan 2026.* 6:00/);
    expect((await get(simulator, '/user/profile')).status).toBe(403);
    await page.getByLabel('Time in India').fill('2026-02-03T04:05');
    await press(page, 'Set the clock');
    await expect.poll(() => page.locator('#clock-now').textContent()).toMatch(/3 Feb 2026.* 4:05/);
    expect(complaints).toEqual([]);
  });

  test('adds faults for a user, lists them and clears them', async () => {
    const { simulator, page, complaints } = await open();
    await expect.poll(() => page.locator('#faults').textContent()).toBe('None.');
    await page.getByLabel('Kind', { exact: true }).selectOption('too-many-requests');
    await page.locator('#fault-user').fill('SIM0002');
    await press(page, 'Add the fault');
    await expect
      .poll(() => page.locator('#faults li').allTextContents())
      .toEqual(['too-many-requests, userId "SIM0002", times 1']);
    expect((await get(simulator, '/user/profile')).status).toBe(200);
    expect((await get(simulator, '/user/profile', 'simulator:SIM0002-token')).status).toBe(429);
    await press(page, 'Add the fault');
    await page.getByLabel('Kind', { exact: true }).selectOption('delay');
    await press(page, 'Add the fault');
    await expect.poll(() => page.locator('#faults li').count()).toBe(2);
    const { faults } = Object(await control(simulator, '/faults', undefined, 'GET'));
    expect(faults[1]).toEqual({
      kind: 'delay',
      userId: 'SIM0002',
      times: 1,
      delayMilliseconds: 2_000,
    });
    await press(page, 'Clear all faults');
    await expect.poll(() => page.locator('#faults').textContent()).toBe('None.');
    expect(complaints).toEqual([]);
  });

  test('ends the sessions of a user, pays in, and resets everything, by keyboard', async () => {
    const { simulator, page, complaints } = await open();
    await page.locator('#logout-user').fill('SIM0003');
    await page.keyboard.press('Enter');
    await expect.poll(() => status(page)).toContain('Done: End every session');
    expect((await get(simulator, '/user/profile', 'simulator:SIM0003-token')).status).toBe(403);
    await page.locator('#payin-user').fill('SIM0001');
    await page.keyboard.press('Enter');
    await expect.poll(() => status(page)).toBe('Done: Pay in.');
    const { data } = await get(simulator, '/user/margins/equity');
    expect(Object(data.available).intraday_payin).toBe(2_500);
    await page.getByRole('button', { name: 'Reset clock' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => status(page)).toContain('Done: Reset');
    expect((await get(simulator, '/user/profile', 'simulator:SIM0003-token')).status).toBe(200);
    expect(complaints).toEqual([]);
  });

  test('says what was wrong, and fits a phone', async () => {
    const { page } = await open({ width: 390, height: 844 });
    await page.locator('#logout-user').fill('SIM0999');
    await press(page, 'End every session');
    await expect.poll(() => status(page)).toBe('Not done: userId: unknown simulated user.');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    for (const field of await page.locator('input, select').all()) {
      const name = await field.evaluate((element) =>
        'labels' in element && element.labels instanceof NodeList ? element.labels.length : 0,
      );
      expect(name).toBe(1);
    }
  });
});
