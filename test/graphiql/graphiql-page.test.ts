// The page of GraphiQL in a real browser: a link to a query, a phone, and the way to the simulator.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import {
  answered,
  clickAt,
  openTab,
  runUntil,
  textOf,
  visitGraphiql,
  write,
  writeQuery,
} from '../support/browser/graphiql.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { apps, startOfTime, startWorld, tokens } from '../support/world.ts';

const [port = 0, simulatorPort = 0] = await freePorts(2);
const own = `http://localhost:${port}`;
const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
await startWorld(
  {
    graphiql: { authorization: tokens('SIM0001', 'SIM0002'), simulatorUrl },
    publicUrl: own,
    apps: apps.slice(0, 1),
    now: () => startOfTime,
  },
  { redirectUrl: `${own}/callback`, port: simulatorPort },
  port,
);

const phone = { width: 390, height: 844 };

describeWithChromium('in Chromium', (browser) => {
  const visit = (address = `${own}/graphql`, viewport?: typeof phone) =>
    visitGraphiql(browser, address, viewport);

  test('a link shares the query in front without headers, variables and the texts of a mutation', async () => {
    const { page } = await visit();
    await openTab(page, 'LoginUrls');
    await write(page, 'Variables', '{"requestToken": "canary-one"}');
    await write(page, 'Headers', '{"Authorization": "token canary:two"}');
    const mutation =
      'mutation In { exchangeToken(input: { requestToken: "canary-3" }) { __typename } }';
    await writeQuery(page, mutation);
    const link = await share(page, 'In');
    expect(link).not.toContain('canary');
    const { page: another, complaints, requests } = await visit(link);
    await another.getByText('exchangeToken').first().waitFor();
    expect(await textOf(another, 'operation.graphql')).toBe(mutation.replace('canary-3', ''));
    expect(await textOf(another, 'variables.json')).toBe('');
    // The tabs of every visitor are there too, and nothing was run but what every page asks.
    expect(await another.locator('.graphiql-tab').count()).toBe(13);
    expect(requests.join('\n')).not.toContain('exchangeToken');
    expect(await another.locator('.graphiql-response').textContent()).not.toContain('data');
    expect(complaints).toEqual([]);
  });

  test('a shared query of the browser asks with the cookie, others with the headers of the page', async () => {
    const { page } = await visit();
    await writeQuery(page, 'query Shared { accounts { user { userId } } }');
    const byHeader = await share(page, 'Shared');
    await openTab(page, 'ThisBrowser');
    const byCookie = await share(page, 'ThisBrowser');
    const { page: another } = await visit(byHeader);
    await clickAt(another, 'query Shared');
    await runUntil(another, '"SIM0002"');
    await another.goto(byCookie);
    await expect.poll(() => textOf(another, 'request-headers.json')).toBe('{}');
    await expect.poll(() => textOf(another, 'operation.graphql')).toContain('query ThisBrowser');
  });

  test('on a phone, everything fits and can be reached by touch and by keyboard', async () => {
    const { page, complaints } = await visit(undefined, phone);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width);
    await page.locator('.graphiql-execute-button').click();
    await answered(page, 'SIM0002');
    const query = await page.locator('.graphiql-query-editor').boundingBox();
    const answer = await page.locator('.graphiql-response').boundingBox();
    expect(query?.width).toBeGreaterThan(300);
    expect(answer?.width).toBeGreaterThan(300);
    expect(answer?.y).toBeGreaterThan((query?.y ?? 0) + (query?.height ?? 0) - 1);

    const login = page.getByRole('link', { name: 'Simulator', exact: true });
    expect(await login.isVisible()).toBe(false);
    const toggle = page.getByRole('button', { name: 'This browser: no account' });
    await toggle.focus();
    await page.keyboard.press('Enter');
    expect(await toggle.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Tab');
    expect(await login.evaluate((link) => link === document.activeElement)).toBe(true);
    const popup = page.waitForEvent('popup');
    await page.keyboard.press('Enter');
    await (await popup).locator('#approve').click();
    await page.locator('#browser-accounts').getByRole('button').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width);
    await page.getByRole('button', { name: 'This browser: 1 account' }).click();
    await page.getByLabel('Show Documentation Explorer').click();
    const docs = await page.locator('.graphiql-plugin').boundingBox();
    expect(docs?.width).toBe(phone.width);
    expect(complaints).toEqual([]);
  });

  test('leads to the page of the simulator', async () => {
    const { page } = await visit();
    const popup = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'Simulator’s page' }).click();
    await (await popup).getByRole('heading', { name: 'Control' }).waitFor();
  });
});

/** Presses the button, and reads the link that it shows. */
async function share(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Link to this query' }).click();
  // The link of an earlier press stands until the new one is copied.
  const link = page
    .getByRole('link', { name: 'link to this query' })
    .and(page.locator(`[href*="+${name}"]`));
  return (await link.getAttribute('href')) ?? '';
}
