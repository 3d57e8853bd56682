// GraphiQL as its user handles it: with a mouse and keys, in a real browser.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

/** Opens the page in a profile of its own, and keeps what it asks for and what it complains about. */
export async function visitGraphiql(
  browser: Browser,
  address: string,
  viewport = { width: 1280, height: 800 },
) {
  const context = await browser.newContext({ viewport });
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

/** Waits until the page knows the schema, and so can run. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await page.locator('.graphiql-execute-button').waitFor();
}

/** Presses once, with a real mouse: a click of the tool would wait until the place is where it can be hit. */
export async function press(page: Page, place: Locator): Promise<void> {
  await place.scrollIntoViewIfNeeded();
  const box = await place.boundingBox();
  if (box === null) expect.fail('nothing to press');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(60);
  await page.mouse.up();
}

/** Opens a tab. */
export async function openTab(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  const tab = page.locator('.graphiql-tab').filter({ has: button });
  await press(page, button);
  await tab.and(page.locator('.graphiql-tab-active')).waitFor();
}

/** Puts the cursor into the line that holds the words. */
export async function clickAt(page: Page, words: string): Promise<void> {
  const lines = page.locator('.graphiql-query-editor .view-line');
  await lines
    .filter({ hasText: words.replaceAll(' ', '\u00a0') })
    .first()
    .click();
}

/** Replaces the text of a tool below the query. */
export async function write(
  page: Page,
  tool: 'Variables' | 'Headers',
  text: string,
): Promise<void> {
  await page.getByRole('button', { name: tool, exact: true }).click();
  await page.locator('.graphiql-editor-tool .view-line').locator('visible=true').first().click();
  await replace(page, text);
}

/** Replaces the query. */
export async function writeQuery(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-query-editor .view-line').first().click();
  await replace(page, text);
}

async function replace(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

/** The answer in the editor, also the lines that are out of sight. */
export async function answerOf(page: Page): Promise<string> {
  return (await textOf(page, 'response.json')) ?? '';
}

/** The text of an editor of the tab in front, also where it is not shown. */
export function textOf(page: Page, file: string): Promise<string | undefined> {
  return page.evaluate(
    (name) =>
      window.monaco?.editor
        .getModels()
        .find(({ uri }) => uri.path.endsWith(name))
        ?.getValue(),
    file,
  );
}

/** Waits for an answer with this text. */
export async function answered(page: Page, text: string): Promise<void> {
  await expect.poll(() => answerOf(page), { timeout: 10_000 }).toContain(text);
}

/**
 * Presses Ctrl-Enter and waits for the answer; again after a while, because the page learns of new text a moment
 * later. Not at once again: while an operation runs, the keys stop it.
 */
export async function runUntil(page: Page, text: string): Promise<void> {
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
export async function remains(context: BrowserContext, page: Page): Promise<string> {
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
