// The page that docs/browser-login.md tells frontend teams to save, in a real browser and as it is printed.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { apps, startWorld } from '../support/world.ts';

/** A browser on a busy machine takes its time. */
const patience = { timeout: 10_000 };
const document = readFileSync(new URL('../../docs/browser-login.md', import.meta.url), 'utf8');
const [, html = ''] = /^```html\n([\s\S]*?)^```$/m.exec(document) ?? [];

describeWithChromium('the page of the document', async (browser) => {
  const [port = 0, pagePort = 0] = await freePorts(2);
  const gateway = `http://localhost:${port}`;
  const address = `http://localhost:${pagePort}/`;
  const world = await startWorld(
    {
      apps: apps.slice(0, 1),
      publicUrl: gateway,
      allowedOrigins: [new URL(address).origin],
      exposeTokens: false,
    },
    { redirectUrl: `${gateway}/callback` },
    port,
  );
  const pages = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(html.replace("'http://localhost:4000'", `'${gateway}'`));
  });
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    pages.listen(pagePort, 'localhost');
    await once(pages, 'listening');
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(address);
  });
  afterAll(async () => {
    pages.close();
  });

  const items = () => page.locator('#accounts li').allTextContents();
  const decide = async (userId: string, decision: 'approve' | 'cancel') => {
    await page.locator(`input[name=user_id][value=${userId}]`).check();
    await page.locator(`#${decision}`).click();
    await page.waitForURL(address);
  };

  test('logs two users in, one after the other, and shows what they have', async () => {
    await page.getByRole('link', { name: 'Log in with Simulator' }).click();
    await decide('SIM0001', 'approve');
    await expect.poll(items, patience).toHaveLength(1);
    await page.getByRole('link', { name: 'Log in with Simulator' }).click();
    await decide('SIM0002', 'approve');
    await expect.poll(items, patience).toHaveLength(2);
    for (const text of await items()) expect(text).toMatch(/^\w[\w ]+: -?₹[\d,]+\.\d\d$/);
  });

  test('says that a login was cancelled, and forgets it', async () => {
    await page.getByRole('link', { name: 'Log in with Simulator' }).click();
    await decide('SIM0003', 'cancel');
    await expect
      .poll(() => page.locator('#message').textContent(), patience)
      .toBe('The login was cancelled.');
    await page.reload();
    await expect.poll(items, patience).toHaveLength(2);
    expect(await page.locator('#message').textContent()).toBe('');
  });

  test('offers the login again the next morning', async () => {
    await world.advance(24 * 3_600);
    await page.reload();
    await expect.poll(items, patience).toEqual(['Log in again', 'Log in again']);
    await page.getByRole('link', { name: 'Log in again' }).first().click();
    await decide('SIM0001', 'approve');
    await expect
      .poll(async () => (await items()).filter((text) => text.includes('₹')), patience)
      .toHaveLength(1);
  });

  test('logs all accounts out', async () => {
    await page.locator('#log-out').click();
    await expect.poll(items, patience).toEqual([]);
    // What is left says only that a login was completed: the same redirect again would join it, and open nothing.
    const names = (await page.context().cookies(gateway)).map(({ name }) => name);
    expect(names).not.toContain('kite_graphql');
    expect(complaints).toEqual([]);
  });
});
