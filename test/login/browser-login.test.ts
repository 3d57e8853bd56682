// The whole way in a real browser: a page of one host logs accounts in at a gateway of another, through the
// real pages, and no access token ever comes near it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway-interface.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type Listening, listen } from '../../src/server/listen.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';

interface Seen {
  readonly url: string;
  readonly body: string;
}

interface FetchAnswer {
  readonly data?: {
    readonly accounts?: readonly {
      id: string;
      user: { userId: string } | null;
      session: { state: string };
    }[];
    readonly sessions?: readonly { state: string; account: { id: string } }[];
    readonly logout?: { loggedOut: readonly string[] };
  };
  readonly errors?: readonly {
    extensions: { code: string; loginUrl?: string; accountId?: string };
  }[];
  readonly failed?: string;
}

describeWithChromium('in a real Chromium', (browser) => {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-browser-'));
  const keyringKeys = [generateKey()];
  const accessTokens: string[] = [];
  let simulator: Simulator;
  let upstream: Server;
  let pages: Server;
  let gateway: Gateway;
  let server: Listening;
  let context: BrowserContext;
  let page: Page;
  let apiOrigin = '';
  let appOrigin = '';
  let strangerOrigin = '';
  const seen: Seen[] = [];

  const startGateway = async (port: number) => {
    // Browsers count app.localhost and api.localhost as two sites, and these two as one.
    server = await listen((request, response) => gateway(request, response), '127.0.0.1', port);
    apiOrigin = `http://api.kite.localhost:${server.port}`;
    gateway = createGateway({
      apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret' }],
      kiteBaseUrl: `http://127.0.0.1:${portOf(upstream)}`,
      kiteLoginUrl: `${simulator.url}/connect/login`,
      publicUrl: apiOrigin,
      allowedOrigins: [appOrigin],
      keyringStore: await openKeyringStore(
        `sqlite:${join(folder, 'keyring.sqlite')}`,
        () => new Date(),
      ),
      keyringKeys,
    });
  };
  const stopGateway = async () => {
    await server.close(0);
    await gateway.dispose();
  };

  beforeAll(async () => {
    pages = createServer((_request, response) => {
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>A page</title><p>A page');
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    appOrigin = `http://app.kite.localhost:${portOf(pages)}`;
    strangerOrigin = `http://stranger.kite.localhost:${portOf(pages)}`;
    // The gateway does not know its callback before it listens, and Kite must: a port that was free a moment ago.
    const port = await freePort();
    simulator = await startSimulator({
      port: 0,
      rateLimit: 0,
      redirectUrl: `http://api.kite.localhost:${port}/callback`,
    });
    upstream = await recordingTokens(simulator.url, accessTokens);
    await startGateway(port);
    context = await browser.newContext();
    page = await context.newPage();
    context.on('response', async (response) => {
      const url = response.url();
      if (new URL(url).port === new URL(simulator.url).port) return;
      const body = await response.text().catch(() => '');
      seen.push({ url, body });
    });
  });

  afterAll(async () => {
    await stopGateway();
    upstream.close();
    pages.close();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const logIn = async (userId: string, on: Page = page, address?: string) => {
    const returnTo = encodeURIComponent(`${appOrigin}/home`);
    await on.goto(address ?? `${apiOrigin}/login?app=simulator&returnTo=${returnTo}`);
    await on.locator(`input[name=user_id][value=${userId}]`).check();
    await on.locator('#approve').click();
    await on.waitForURL((url) => url.origin !== new URL(simulator.url).origin);
  };

  const ask = (query: string, on: Page = page): Promise<FetchAnswer> =>
    on.evaluate(
      async ([address, body]) => {
        try {
          const response = await fetch(address ?? '', {
            method: 'POST',
            credentials: 'include',
            headers: { 'content-type': 'application/json' },
            body: body ?? '',
          });
          return await response.json();
        } catch (error) {
          return { failed: String(error) };
        }
      },
      [`${apiOrigin}/graphql`, JSON.stringify({ query })],
    );

  const accounts = '{ accounts { id user { userId email } session { state } } }';

  test('two accounts are logged in one after the other, and asked with the cookie', async () => {
    await logIn('SIM0001');
    expect(page.url()).toBe(`${appOrigin}/home`);
    await logIn('SIM0002');
    const { data, errors } = await ask(accounts);
    expect(errors).toBeUndefined();
    expect(data?.accounts?.map(({ user }) => user?.userId)).toEqual(['SIM0002', 'SIM0001']);
  });

  test('no access token is in the page, its storage, any body or address; the request token only in its callback', async () => {
    expect(accessTokens).toHaveLength(2);
    const inPage = await page.evaluate(() =>
      JSON.stringify([
        document.cookie,
        { ...localStorage },
        { ...sessionStorage },
        document.documentElement.outerHTML,
      ]),
    );
    expect(await page.evaluate(() => document.cookie)).toBe('');
    const everything = [inPage, ...seen.flatMap(({ url, body }) => [url, body])].join('\n');
    for (const token of accessTokens) expect(everything).not.toContain(token);

    const callbacks = seen.filter(({ url }) => url.includes('request_token'));
    expect(callbacks.map(({ url }) => new URL(url).pathname)).toEqual(['/callback', '/callback']);
    const requestTokens = callbacks.map(
      ({ url }) => new URL(url).searchParams.get('request_token') ?? '?',
    );
    const session = await context.newCDPSession(page);
    const { entries } = await session.send('Page.getNavigationHistory');
    for (const token of requestTokens) {
      expect(seen.filter(({ url, body }) => `${url} ${body}`.includes(token))).toHaveLength(1);
      expect(JSON.stringify(entries)).not.toContain(token);
      expect(inPage).not.toContain(token);
    }
  });

  test('sessions survive a restart', async () => {
    await stopGateway();
    await startGateway(Number(new URL(apiOrigin).port));
    const { data } = await ask(accounts);
    expect(data?.accounts).toHaveLength(2);
  });

  test('past six in the morning: EXPIRED, a login URL that works, and the same account after it', async () => {
    const before = (await ask(accounts)).data?.accounts?.find(
      ({ user }) => user?.userId === 'SIM0001',
    );
    await control('clock', { advanceSeconds: 24 * 3_600 });
    const { errors = [] } = await ask(accounts);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([
      'SESSION_EXPIRED',
      'SESSION_EXPIRED',
    ]);
    const states = (await ask('{ sessions { state account { id } } }')).data?.sessions;
    expect(states?.map(({ state }) => state)).toEqual(['EXPIRED', 'EXPIRED']);

    const loginUrl = errors.find(({ extensions }) => extensions.accountId === before?.id)
      ?.extensions.loginUrl;
    await logIn('SIM0001', page, `${loginUrl}&returnTo=${encodeURIComponent(`${appOrigin}/`)}`);
    const { data } = await ask(accounts);
    expect(data?.accounts).toContainEqual({
      id: before?.id,
      user: { userId: 'SIM0001', email: expect.any(String) },
      session: { state: 'ACTIVE' },
    });
  });

  test('one is logged out, and Kite refuses its token', async () => {
    const token = accessTokens.at(-1);
    const profile = () =>
      fetch(`${simulator.url}/user/profile`, {
        headers: { authorization: `token simulator:${token}` },
      });
    expect((await profile()).status).toBe(200);
    const account = (await ask(accounts)).data?.accounts?.find(
      ({ user }) => user?.userId === 'SIM0001',
    );
    const { data } = await ask(`mutation { logout(accountIds: ["${account?.id}"]) { loggedOut } }`);
    expect(data?.logout?.loggedOut).toEqual([account?.id]);
    expect((await profile()).status).toBe(403);
  });

  test('two callbacks in flight with one old cookie both end up in the keyring', async () => {
    await logIn('SIM0002');
    const others = await Promise.all(
      ['SIM0003', 'SIM0004'].map(async (userId) => ({ userId, page: await context.newPage() })),
    );
    await Promise.all(others.map((other) => logIn(other.userId, other.page)));
    const users = (await ask(accounts)).data?.accounts?.map(({ user }) => user?.userId);
    expect(users).toEqual(expect.arrayContaining(['SIM0002', 'SIM0003', 'SIM0004']));
    await Promise.all(others.map((other) => other.page.close()));
  });

  test('from an origin that is not allowed, and by a form post from anywhere, nothing works', async () => {
    await control('requests', undefined, 'DELETE');
    const stranger = await context.newPage();
    // The same site, so that the browser does send the cookie: the gateway itself must refuse.
    await stranger.goto(`${strangerOrigin}/`);
    expect((await ask(accounts, stranger)).failed).toContain('Failed to fetch');
    for (const from of [strangerOrigin, appOrigin]) {
      for (const enctype of [
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/plain',
      ]) {
        await stranger.goto(`${from}/`);
        const [answer] = await Promise.all([
          stranger.waitForResponse((response) => response.url().endsWith('/graphql')),
          stranger.waitForURL(`${apiOrigin}/graphql`),
          stranger.evaluate(
            ([address, type]) => {
              const form = document.createElement('form');
              Object.assign(form, { method: 'post', action: address, enctype: type });
              const field = document.createElement('input');
              Object.assign(field, { name: 'query', value: 'mutation { logout { loggedOut } }' });
              form.append(field);
              document.body.append(form);
              form.submit();
            },
            [`${apiOrigin}/graphql`, enctype],
          ),
        ]);
        expect(answer.status()).toBe(415);
      }
    }
    await stranger.close();
    expect(await (await fetch(`${simulator.url}/simulator/requests`)).json()).toMatchObject({
      requests: [],
    });
    expect((await ask(accounts)).data?.accounts?.length).toBeGreaterThan(0);
  });

  async function control(path: string, body: unknown, method = 'POST'): Promise<void> {
    const response = await fetch(`${simulator.url}/simulator/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    expect(response.ok).toBe(true);
  }
});

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Stands between the gateway and Kite, and notes every access token that Kite hands out. */
async function recordingTokens(target: string, tokens: string[]): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const call = httpRequest(new URL(url, target), { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const token = /"access_token":"(\w+)"/.exec(body.toString())?.[1];
        if (token !== undefined) tokens.push(token);
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
      });
    });
    incoming.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
