// The history and the explorer of GraphiQL in a real browser, by mouse: what the history keeps, and what never.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import {
  answered,
  answerOf,
  clickAt,
  openTab,
  press,
  ready,
  remains,
  runUntil,
  textOf,
  visitGraphiql,
  write,
  writeQuery,
} from '../support/browser/graphiql.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { apps, kotakApp, startWorld, tokens } from '../support/world.ts';

const world = await startWorld({
  graphiql: { authorization: tokens('SIM0001') },
  apps: [...apps, kotakApp],
});

const phone = { width: 390, height: 844 };

describeWithChromium('GraphiQL', (browser) => {
  test('brings an operation of the history back with one click, also after the page is loaded anew', async () => {
    const { page, complaints } = await visitGraphiql(browser, world.url);
    await writeQuery(
      page,
      '# mine\nquery Chosen($ids: [ID!]) { accounts(ids: $ids) { id user { userId } } }',
    );
    await runUntil(page, '"SIM0001"');
    const [{ id }] = JSON.parse(await answerOf(page)).data.accounts;
    const variables = JSON.stringify({ ids: [id] }, null, 2);
    await write(page, 'Variables', variables);
    await clickAt(page, 'query Chosen');
    await expect.poll(() => operations(page)).toHaveLength(1);
    await page.reload();
    await ready(page);
    await openHistory(page);
    expect(await names(page)).toEqual(['Chosen']);
    await openTab(page, 'ThisBrowser');
    await press(page, page.getByRole('button', { name: 'Set active' }).first());
    await expect
      .poll(() => textOf(page, 'operation.graphql'))
      .toBe('query Chosen($ids: [ID!]) { accounts(ids: $ids) { id user { userId } } }');
    // It was asked with the header, and so is again.
    expect(await textOf(page, 'request-headers.json')).toContain(tokens('SIM0001'));
    await clickAt(page, 'query Chosen');
    await runUntil(page, '"SIM0001"');

    // One that was asked with the cookie takes the header away.
    await openTab(page, 'BrowserMargins');
    await clickAt(page, 'query BrowserMargins');
    await runUntil(page, 'UNAUTHENTICATED');
    await openTab(page, 'WhoAmI');
    await press(page, item(page, 'BrowserMargins').getByRole('button', { name: 'Set active' }));
    await expect.poll(() => textOf(page, 'operation.graphql')).toContain('query BrowserMargins');
    expect(await textOf(page, 'request-headers.json')).toBe('{}');

    await press(page, item(page, 'Chosen').getByRole('button', { name: 'Delete from history' }));
    await expect.poll(() => names(page)).toEqual(['BrowserMargins']);
    await press(page, page.getByRole('button', { name: 'Clear', exact: true }));
    await expect.poll(() => operations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('keeps no header, no comment, no variable that can hold a secret, and no text of a mutation', async () => {
    const { context, page, complaints } = await visitGraphiql(browser, world.url);
    await write(page, 'Headers', '{"Authorization": "token simulator:canary-header"}');
    await writeQuery(
      page,
      '# canary-comment\nquery Q($a: String, $n: Int = 2, $i: [ID!]) { accounts(ids: $i) { id } }',
    );
    await write(page, 'Variables', '{"a": "canary-a", "n": 3, "i": null, "password": "canary-b"}');
    await clickAt(page, 'query Q');
    const harmless = JSON.stringify({ n: 3, i: null }, null, 2);
    await runUntilKept(page, 'Q', harmless);
    await write(page, 'Variables', '{"input": {"passCode": "canary-c", "id": "canary-id"}}');
    const enter =
      'mutation Enter($input: CompleteLoginInput!) { completeLogin(input: $input) { __typename } }';
    await writeQuery(page, enter);
    await runUntilKept(page, 'Enter');
    const texts = (one: string, two: string) =>
      `mutation In { exchangeToken(input: { requestToken: "${one}", apiKey: "${two}" }) { __typename } }`;
    await writeQuery(page, texts('canary-d', 'canary-e'));
    await runUntilKept(page, 'In');
    // The gateway refuses it, but what it has is a password all the same.
    await writeQuery(
      page,
      'query Forgot { beginLogin(input: { password: "canary-f", pin: 864209 }) { id } }',
    );
    await runUntilKept(page, 'Forgot');
    const kept = await operations(page);
    expect(kept.findLast(({ operationName }) => operationName === 'Q')).toEqual({
      query: 'query Q($a: String, $n: Int = 2, $i: [ID!]) { accounts(ids: $i) { id } }',
      variables: harmless,
      operationName: 'Q',
    });
    expect(kept.slice(-3)).toEqual([
      { query: enter, variables: '', operationName: 'Enter' },
      { query: texts('', ''), variables: '', operationName: 'In' },
      {
        query: 'query Forgot { beginLogin(input: { password: "", pin: "" }) { id } }',
        variables: '',
        operationName: 'Forgot',
      },
    ]);
    // What was typed stays in the headers of the tab, but not beyond the page.
    await openHistory(page);
    await press(page, item(page, 'Enter').getByRole('button', { name: 'Add favorite' }));
    await press(page, item(page, 'Q').first().getByRole('button', { name: 'Set active' }));
    expect(await textOf(page, 'request-headers.json')).toContain('canary-header');
    expect(await textOf(page, 'variables.json')).not.toContain('canary');
    const stored = await remains(context, page);
    expect(stored).toContain('completeLogin');
    expect(stored).not.toMatch(/canary|864209|-token/);
    // The gateway refuses what makes no sense with status 400.
    expect(complaints.filter((text) => !text.startsWith('Failed to load'))).toEqual([]);
  });

  test('opens in spite of a history that another page has spoilt', async () => {
    const { context, page, complaints } = await visitGraphiql(browser, world.url);
    const other = await context.newPage();
    await other.goto(new URL('/login', world.url).href);
    await other.evaluate(() => {
      localStorage.setItem('kite-graphql history queries', '{"queries": 1}');
      localStorage.setItem('kite-graphql history favorites', 'spoilt');
    });
    complaints.length = 0;
    await page.reload();
    await ready(page);
    await page.locator('.graphiql-execute-button').click();
    await answered(page, 'SIM0001');
    expect((await operations(page)).map(({ operationName }) => operationName)).toEqual(['WhoAmI']);
    expect(complaints).toEqual([]);
  });

  test('builds a query by clicks in its explorer, and takes one from its history, on a phone', async () => {
    const { page, complaints } = await visitGraphiql(browser, world.url, phone);
    await press(page, page.getByLabel('Show GraphiQL Explorer'));
    const explorer = page.locator('.graphiql-plugin').filter({ hasText: 'Explorer' });
    await press(page, explorer.getByText('apiKey', { exact: true }).first());
    await expect.poll(() => textOf(page, 'operation.graphql')).toContain('apiKey');
    await press(page, page.getByLabel('Hide GraphiQL Explorer'));
    await press(page, page.locator('.graphiql-execute-button'));
    await answered(page, '"apiKey": "simulator"');
    // On a phone the panel leaves for what it has brought back.
    await openHistory(page);
    await press(page, item(page, 'WhoAmI').getByRole('button', { name: 'Set active' }));
    await page.getByLabel('Show History').waitFor();
    expect(complaints).toEqual([]);
  });
});

const item = (page: Page, name: string) =>
  page.locator('.graphiql-history-item').filter({ hasText: name });

async function openHistory(page: Page): Promise<void> {
  await press(page, page.getByLabel('Show History'));
  await page.getByRole('region', { name: 'History' }).waitFor();
}

/** Runs the query in front until the history has it, and its variables: the page learns of new text a moment later. */
async function runUntilKept(page: Page, name: string, variables = ''): Promise<void> {
  const kept = async () => {
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(500);
    return (await operations(page)).at(-1);
  };
  const expected = expect.objectContaining({ operationName: name, variables });
  await expect.poll(kept, { timeout: 30_000 }).toEqual(expected);
}

const names = (page: Page) => page.locator('.graphiql-history-item-label').allTextContents();

/** What the browser's own storage holds of the history. */
async function operations(page: Page): Promise<{ operationName?: string; variables?: string }[]> {
  const { origins } = await page.context().storageState();
  const kept = origins.flatMap(({ localStorage }) => localStorage);
  const text = kept.find(({ name }) => name === 'kite-graphql history queries')?.value;
  return text === undefined ? [] : JSON.parse(text).queries;
}
