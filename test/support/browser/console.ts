// The console as its user handles it: logins by mouse at both simulated brokers, and what the browser complains about.
import { connect, createServer, type Socket } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Visitor } from '../visitor.ts';

/** A profile of a browser in which the console is used. */
export interface ConsoleVisit {
  readonly page: Page;
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** Every operation that was sent to the gateway: its name and variables. */
  readonly operations: ConsoleOperation[];
  /** Errors of the console and of scripts. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** An operation of the console. */
export interface ConsoleOperation {
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Opens the console in a profile of its own. */
export async function visitConsole(
  browser: Browser,
  home: string,
  options: BrowserContextOptions = {},
): Promise<ConsoleVisit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: 'reduce',
    ...options,
  });
  const requests: string[] = [];
  const complaints: string[] = [];
  const operations: ConsoleOperation[] = [];
  context.on('request', (request) => {
    requests.push(request.url());
    if (request.method() !== 'POST' || !request.url().startsWith(`${home}graphql`)) return;
    const { query, variables = {} } = request.postDataJSON();
    const [, name = ''] = /(?:query|mutation|subscription) (\w+)/.exec(query) ?? [];
    operations.push({ name, variables });
  });
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(home);
  await page.locator('h1').waitFor();
  return { page, requests, operations, complaints, close: () => context.close() };
}

/** Logs users in without a window. @returns the options of a profile that has these logins. */
export async function loggedIn(
  home: string,
  ...logins: readonly (readonly [app: string, ...userIds: string[]])[]
): Promise<BrowserContextOptions> {
  const visitor = new Visitor(new URL(home).origin);
  for (const [app, ...userIds] of logins) {
    const query = new URLSearchParams({ app, returnTo: home });
    for (const userId of userIds) {
      const { location } = await visitor.logIn(`${home}login?${query}`, userId);
      if (location !== home) throw new Error(`${userId} is not logged in: ${location}`);
    }
  }
  const { hostname: domain } = new URL(home);
  const about = { domain, path: '/', expires: -1, httpOnly: true, secure: false };
  const cookies = [...visitor.cookies].map(([name, value]) => ({
    ...about,
    name,
    value,
    sameSite: 'Lax' as const,
  }));
  return { storageState: { cookies, origins: [] } };
}

/** Logs a user in beside the page: in the same profile, as another tab does. */
export async function logInBeside(page: Page, home: string, userId: string): Promise<void> {
  const { request } = page.context();
  const next = async (url: string, form?: Record<string, string>) => {
    const response = await request.fetch(url, {
      maxRedirects: 0,
      ...(form && { method: 'POST', form }),
    });
    return response.headers().location ?? '';
  };
  const query = new URLSearchParams({ app: 'simulator', returnTo: home });
  const broker = new URL(await next(`${home}login?${query}`));
  const callback = await next(`${broker.origin}${broker.pathname}`, {
    api_key: broker.searchParams.get('api_key') ?? '',
    redirect_params: broker.searchParams.get('redirect_params') ?? '',
    user_id: userId,
    decision: 'approve',
  });
  const back = await next(callback);
  if (back !== home) throw new Error(`${userId} is not logged in: ${back}`);
}

/** Picks a user on the simulated page of Zerodha, and waits for the console. */
export async function approveAtZerodha(page: Page, userId: string): Promise<void> {
  await page.locator(`[name=user_id][value="${userId}"]`).check();
  await page.locator('#approve').click();
  await backAtConsole(page);
}

/** Fills the gateway's login page for Kotak, reads the code as if by SMS, and waits for the console. */
export async function logInAtKotak(page: Page, simulator: string, userId: string): Promise<void> {
  await page.getByLabel('User id').fill(userId);
  await page.getByLabel('Password').fill(`${userId}-password`);
  await page.getByRole('button', { name: 'Continue' }).click();
  const code = page.getByLabel('Access code');
  await code.waitFor();
  const response = await fetch(`${simulator}/simulator/kotak/messages`);
  const { messages } = (await response.json()) as {
    messages: { userId: string; accessCode: string }[];
  };
  await code.fill(messages.findLast((message) => message.userId === userId)?.accessCode ?? '');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await backAtConsole(page);
}

async function backAtConsole(page: Page): Promise<void> {
  await page.locator('#console h1').waitFor();
  await page.getByText('Logged in.').waitFor();
}

/** Gives the account that is shown a label. */
export async function label(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: /label/ }).click();
  await page.getByLabel(/^Label/).fill(text);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 2, name: text }).waitFor();
}

/** A line to a gateway that can break off. It has its port before the gateway has. */
export async function openLine() {
  const sockets = new Set<Socket>();
  let target = 0;
  let isBroken = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (isBroken) return socket.destroy();
    const onwards = connect(target, '127.0.0.1');
    onwards.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => onwards.destroy());
    socket.pipe(onwards).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    leadTo: (port: number) => {
      target = port;
    },
    breakOff: () => {
      isBroken = true;
      cut();
    },
    mend: () => {
      isBroken = false;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
