// The hooks in a real browser, on a page of another origin in StrictMode; and on a server.
import { readFileSync } from 'node:fs';
import type { Page, Request } from 'playwright-core';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { ClientProvider, useLiveMargins, useSessions } from '../../src/client/react/react.ts';
import { startGateway } from '../../src/testing/testing.ts';
import { startPageServer } from '../support/browser/page-server.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { bundleSnippets } from '../support/pages/snippets.ts';

test('a server renders the hooks as they begin, and sends nothing', () => {
  const requests: unknown[] = [];
  const client = createClient({
    url: 'http://localhost:4000/graphql',
    fetch: async (...request) => {
      requests.push(request);
      throw new Error('A server sends nothing');
    },
  });
  const Names = () => {
    const { sessions, isLive } = useSessions();
    return createElement('p', null, `${sessions} ${isLive} ${useLiveMargins().accounts.size}`);
  };
  const page = createElement(ClientProvider, { client }, createElement(Names));
  expect(renderToString(page)).toBe('<p>null false 0</p>');
  expect(requests).toEqual([]);
  expect(() => renderToString(createElement(Names))).toThrow('ClientProvider');
});

const patience = { timeout: 15_000 };

describeWithChromium('a page with the hooks', async (browser) => {
  const pages = await startPageServer();
  const { origin } = pages;
  const gateway = await startGateway({ allowedOrigins: [origin] });
  const source = readFileSync(new URL('pages/hooks-page.ts', import.meta.url), 'utf8');
  const define = { gatewayUrl: JSON.stringify(gateway.url) };
  pages.show('/', await bundleSnippets({ 'test/client/pages/hooks-page.ts': source }, define));
  const { simulator } = gateway;

  let page: Page;
  const complaints: string[] = [];
  const sent: string[] = [];
  const cancelled: string[] = [];
  const nameOf = (request: Request) =>
    /(?:query|subscription|mutation) (\w+)/.exec(request.postData() ?? '')?.[1] ?? '';

  beforeAll(async () => {
    const context = await browser.newContext();
    await context.addCookies([await gateway.logIn('SIM0001', 'SIM0002')]);
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (request.method() === 'POST') sent.push(nameOf(request));
    });
    page.on('requestfailed', (request) => cancelled.push(nameOf(request)));
    await page.goto(origin);
  });
  afterAll(async () => {
    pages.close();
    await gateway.close();
  });

  const text = (selector: string) => page.locator(selector).textContent();
  const press = (name: string, place = 'body') =>
    page.locator(place).getByRole('button', { name, exact: true }).first().click();

  test('shows sessions, accounts and margins, with one request and one stream for equal hooks', async () => {
    for (const id of ['one', 'two']) {
      await expect.poll(() => text(`#${id} p`), patience).toBe('SIM0002 ACTIVE, SIM0001 ACTIVE');
      await expect.poll(() => text(`#${id} i`), patience).toBe('live');
    }
    for (const id of ['margins', 'same-margins']) {
      await expect.poll(() => text(`#${id} p`), patience).toMatch(/^-?[\d.]+ OK, -?[\d.]+ OK$/);
    }
    await expect.poll(() => text('#accounts p'), patience).toMatch(/^\w+ \w+$/);
    await expect.poll(() => text('#accounts u'), patience).toBe('PRESENT');
    expect(sent.toSorted()).toEqual([
      'Accounts',
      'LiveMargins',
      'PageLive',
      'PageNames',
      'Sessions',
      'SessionsChanged',
    ]);
  });

  test('shows a change of margins in every equal hook, and keeps the last ones if a poll fails', async () => {
    const first = await text('#margins p');
    await simulator.payIn({ userId: 'SIM0001', segment: 'equity', rupees: 12_345 });
    await expect.poll(() => text('#margins p'), patience).not.toBe(first);
    const areEqual = async () => (await text('#same-margins p')) === (await text('#margins p'));
    await expect.poll(areEqual, patience).toBe(true);
    const before = (await text('#margins p')) ?? '';
    await simulator.faults.add({ kind: 'internal-error', path: '/user/margins' });
    const failed = before.replaceAll('OK', 'UPSTREAM_UNAVAILABLE');
    await expect.poll(() => text('#margins p'), patience).toBe(failed);
    await simulator.faults.clear();
    await expect.poll(() => text('#margins p'), patience).toBe(before);
  });

  test('sends a query again when its variables change, and shows what failed beside what did not', async () => {
    await simulator.faults.add({
      kind: 'internal-error',
      userId: 'SIM0001',
      path: '/user/profile',
    });
    await press('Two accounts');
    await expect.poll(() => text('#accounts i'), patience).toBe('loaded');
    await expect.poll(() => text('#accounts b'), patience).toBe('UPSTREAM_UNAVAILABLE');
    await expect.poll(() => text('#accounts p'), patience).toMatch(/^\w+ \w+, \?$/);
    await simulator.faults.clear();
    await press('Read again', '#accounts');
    await expect.poll(() => text('#accounts p'), patience).toMatch(/^\w+ \w+, \w+ \w+$/);
    await expect.poll(() => text('#accounts b'), patience).toBe('');
  });

  test('cancels what a component waits for when it is unmounted, and starts again when it is mounted', async () => {
    await simulator.faults.add({ kind: 'hang', path: '/user/profile' });
    await press('Read again', '#accounts');
    await expect.poll(() => text('#accounts i'), patience).toBe('loading');
    cancelled.length = 0;
    await press('Show or hide');
    await expect
      .poll(() => cancelled.toSorted(), patience)
      .toEqual(['LiveMargins', 'PageLive', 'PageNames', 'SessionsChanged']);
    await simulator.faults.clear();
    sent.length = 0;
    await press('Show or hide');
    await expect.poll(() => text('#one i'), patience).toBe('live');
    expect(sent.filter((name) => name === 'SessionsChanged')).toHaveLength(1);
  });

  test('shows a logout at once, also where another hook shows the same', async () => {
    await press('Log out SIM0001');
    for (const id of ['one', 'two']) {
      await expect.poll(() => text(`#${id} p`), patience).toBe('SIM0002 ACTIVE, SIM0001 REVOKED');
    }
  });

  test('leaves for a login and comes back, with its error or its session', async () => {
    for (const [decision, error, sessions] of [
      ['cancel', 'LOGIN_CANCELLED', 'SIM0002 ACTIVE, SIM0001 REVOKED'],
      ['approve', '', 'SIM0003 ACTIVE, SIM0002 ACTIVE, SIM0001 REVOKED'],
    ] as const) {
      await press('Log in');
      await page.locator('input[name=user_id][value=SIM0003]').check();
      await page.locator(`#${decision}`).click();
      await page.waitForURL(`${origin}/`);
      await expect.poll(() => text('output'), patience).toBe(error);
      await expect.poll(() => text('#one p'), patience).toBe(sessions);
    }
  });

  test('says nothing on the console', () => {
    expect(complaints).toEqual([]);
  });
});
