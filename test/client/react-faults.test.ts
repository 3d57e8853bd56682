// Hooks whose requests fail before they are sent, and whose run throws: a page shows both, and waits for neither.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { startPageServer } from '../support/browser/page-server.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { bundleSnippets } from '../support/pages/snippets.ts';

const patience = { timeout: 15_000 };

describeWithChromium('a page whose hooks fail', async (browser) => {
  const pages = await startPageServer();
  const source = readFileSync(new URL('pages/faults-page.ts', import.meta.url), 'utf8');
  pages.show('/', await bundleSnippets({ 'test/client/pages/faults-page.ts': source }));
  afterAll(pages.close);

  test('shows headers that cannot be made as an error, and gives what a run throws to the error boundary', async () => {
    const page = await browser.newPage();
    // What an error boundary has taken is not reported here.
    const uncaught: string[] = [];
    page.on('pageerror', (error) => uncaught.push(`${error}`));
    let data = '{}';
    await page.route('**/graphql', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: `event: next\ndata: {"data":${data}}\n\nevent: complete\n\n`,
      }),
    );
    await page.goto(pages.origin);
    const text = (selector: string) => page.locator(selector).textContent();
    await expect.poll(() => text('p'), patience).toBe('false NETWORK_FAILED false NETWORK_FAILED');
    await page.getByRole('button', { name: 'TypeError' }).waitFor();
    // What is mounted again runs again.
    data = '{"marginsChanged":{"account":{"id":"a"},"margins":null}}';
    await page.getByRole('button').click();
    await expect.poll(() => text('i'), patience).toBe('1');
    expect(uncaught).toEqual([]);
    await page.close();
  });
});
