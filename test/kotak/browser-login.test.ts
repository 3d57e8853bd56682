// In a real browser: a user logs in at two brokers, one of them on the gateway's own page, and keeps one account over a
// restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway-interface.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type Listening, listen } from '../../src/server/listen.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { apps, kotakApp } from '../support/world.ts';

// A browser on a loaded machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface FoundAccount {
  readonly id: string;
  readonly broker: string;
  readonly label: string | null;
  readonly user: { readonly userId: string };
}

describeWithChromium('in a real Chromium', (browser) => {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-brokers-'));
  const keyringKeys = [generateKey()];
  let simulator: Simulator;
  let gateway: Gateway;
  let server: Listening;
  let page: Page;
  let port = 0;
  let origin = '';
  const addresses: string[] = [];

  const startGateway = async () => {
    gateway = createGateway({
      apps: [...apps, kotakApp],
      kiteBaseUrl: simulator.url,
      kiteLoginUrl: `${simulator.url}/connect/login`,
      kotakBaseUrls: [`${simulator.url}/kotak/apim`, `${simulator.url}/kotak-c/apim`],
      publicUrl: origin,
      keyringStore: await openKeyringStore(
        `sqlite:${join(folder, 'keyring.sqlite')}`,
        () => new Date(),
      ),
      keyringKeys,
      // Each page of the test is its own login.
      limits: { passwordTries: 100, passwordTriesPerUser: 100 },
    });
    server = await listen(gateway, '127.0.0.1', port);
  };
  const stopGateway = async () => {
    await server.close(0);
    await gateway.dispose();
  };

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    origin = `http://localhost:${port}`;
    simulator = await startSimulator({ port: 0, rateLimit: 0, redirectUrl: `${origin}/callback` });
    await startGateway();
    page = await (await browser.newContext()).newPage();
    page.on('request', (request) => {
      addresses.push(`${request.url()} ${request.headers().referer ?? ''}`);
    });
  });
  afterAll(async () => {
    await stopGateway();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const loginUrl = (app: string) => `${origin}/login?app=${app}&returnTo=/health`;

  const ask = async (query: string) => {
    if (page.url() !== `${origin}/health`) await page.goto(`${origin}/health`);
    return page.evaluate(async (body) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch('/graphql', { method: 'POST', headers, body })).json();
    }, JSON.stringify({ query }));
  };
  const accountsOf = async (): Promise<readonly FoundAccount[]> => {
    const { data, errors } = await ask('{ accounts { id broker label user { userId } } }');
    expect(errors).toBeUndefined();
    return data.accounts;
  };

  /** What axe finds wrong with the page, and whether it has to be scrolled sideways. */
  const faultsOf = async (on: Page) => {
    await on.evaluate(axe.source);
    const { violations } = await on.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    );
    const isTooWide = await on.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    return [...violations.map(({ id }) => id), ...(isTooWide ? ['too wide'] : [])];
  };
  const focused = (on: Page) => on.evaluate(() => document.activeElement?.id);

  const codeOf = async (userId: string) => {
    const response = await fetch(`${simulator.url}/simulator/kotak/messages`);
    const { messages } = (await response.json()) as {
      messages: { userId: string; accessCode: string }[];
    };
    return messages.findLast((message) => message.userId === userId)?.accessCode ?? '';
  };

  test('accounts of two brokers are logged in, asked with one query and labelled', async () => {
    await page.goto(loginUrl('simulator'));
    await page.locator('input[name=user_id][value=SIM0001]').check();
    await page.locator('#approve').click();
    await page.waitForURL(`${origin}/health`);

    await page.goto(loginUrl('simulator-kotak'));
    expect(await focused(page)).toBe('userId');
    await page.keyboard.type('SIMK02');
    await page.keyboard.press('Tab');
    await page.keyboard.type('SIMK02-password');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    expect(await focused(page)).toBe('code');
    await page.keyboard.type(await codeOf('SIMK02'));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/health`);

    const found = await accountsOf();
    expect(found.map(({ broker, user }) => `${broker} ${user.userId}`).toSorted()).toEqual([
      'KITE SIM0001',
      'KOTAK SIMK02',
    ]);
    for (const { id, broker } of found) {
      await ask(
        `mutation { labelAccount(accountId: "${id}", label: "At ${broker}") { __typename } }`,
      );
    }
    expect((await accountsOf()).map(({ label }) => label).toSorted()).toEqual([
      'At KITE',
      'At KOTAK',
    ]);
    const typed = addresses.filter((address) => /password|SIMK02/.test(address));
    expect(typed).toEqual([]);
  });

  test('one is logged out, and the other is there after a restart', async () => {
    const kite = (await accountsOf()).find(({ broker }) => broker === 'KITE');
    const { data } = await ask(`mutation { logout(accountIds: ["${kite?.id}"]) { loggedOut } }`);
    expect(data.logout.loggedOut).toEqual([kite?.id]);
    await stopGateway();
    await startGateway();
    expect(await accountsOf()).toMatchObject([{ broker: 'KOTAK', label: 'At KOTAK' }]);
    const margins = await ask('{ accounts { kotakMargins { id } } }');
    expect(margins.errors).toBeUndefined();
  });

  test.each([
    ['a phone', { width: 320, height: 640 }, 'light'],
    ['a desktop', { width: 1_280, height: 800 }, 'dark'],
  ] as const)(
    'on %s axe finds nothing, and an error has the focus',
    async (_what, viewport, colorScheme) => {
      const context = await browser.newContext({ viewport, colorScheme });
      const own = await context.newPage();
      const look = async (name: string) => {
        expect([name, await faultsOf(own)]).toEqual([name, []]);
      };
      await own.goto(loginUrl('simulator-kotak'));
      await look('password');
      await own.fill('#userId', 'SIMK01');
      await own.fill('#password', 'not-the-password');
      await own.getByRole('button', { name: 'Continue' }).click();
      await own.waitForSelector('#password-error');
      expect(await focused(own)).toBe('password');
      await look('wrong-password');
      await own.fill('#password', 'SIMK01-password');
      await own.getByRole('button', { name: 'Continue' }).click();
      await own.waitForSelector('#code');
      await look('code');
      await own.fill('#code', '1');
      await own.getByRole('button', { name: 'Log in' }).click();
      await own.waitForSelector('#form-error');
      await look('wrong-code');
      await context.close();
    },
  );

  test('no script is needed', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const own = await context.newPage();
    await own.goto(loginUrl('simulator-kotak'));
    await own.fill('#userId', 'SIMK03');
    await own.fill('#password', 'SIMK03-password');
    await own.getByRole('button', { name: 'Continue' }).click();
    await own.getByRole('button', { name: 'Continue without a code' }).click();
    await own.waitForURL(`${origin}/health`);
    await context.close();
  });

  test('no page of another origin frames the form', async () => {
    const context = await browser.newContext();
    const own = await context.newPage();
    // The same server by another name is another site.
    await own.goto(`http://127.0.0.1:${port}/health`);
    const refused = own.waitForResponse((response) => response.url().includes('/login'));
    await own.evaluate((address) => {
      const frame = document.createElement('iframe');
      frame.src = address;
      document.body.append(frame);
    }, loginUrl('simulator-kotak'));
    expect((await refused).status()).toBe(403);
    await context.close();
  });
});
