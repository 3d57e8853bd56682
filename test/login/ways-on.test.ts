// A login that fails without a page to return to leads its user on.
import { expect, test } from 'vitest';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { apps, startOfTime, startWorld } from '../support/world.ts';

const [port = 0] = await freePorts(1);
const own = `http://localhost:${port}`;
const world = await startWorld(
  {
    publicUrl: own,
    graphiql: true,
    apps: [
      ...apps.slice(0, 1),
      { apiKey: 'hidden', apiSecret: 'secret', name: 'Hidden', listed: false },
      { apiKey: 'bare', name: 'Bare', listed: true },
    ],
    now: () => startOfTime,
  },
  { redirectUrl: `${own}/callback` },
  port,
);

const simulatorLogin = { text: 'Log in with Simulator', href: `${own}/login?app=simulator` };
const home = { text: 'The page of this gateway', href: `${own}/` };

async function open(path: string) {
  const response = await fetch(`${own}${path}`, { redirect: 'manual' });
  const html = await response.text();
  const links = [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)];
  return { status: response.status, links: links.map(([, href, text]) => ({ text, href })) };
}

test.each([
  ['a login that was begun elsewhere', '/callback?status=success&request_token=abc&state=x', 400],
  ['a cancelled login', '/callback?status=cancelled', 400],
  ['an unknown app', '/login?app=nothing', 400],
  ['an app without its secret', '/login?app=bare', 400],
])('%s leads to the listed apps that can log in, and home', async (_what, path, status) => {
  expect(await open(path)).toEqual({ status, links: [simulatorLogin, home] });
});

test('a returnTo that is refused leads to the login without it', async () => {
  const { status, links } = await open('/login?app=hidden&returnTo=https://elsewhere.example');
  const hidden = { text: 'Log in with Hidden', href: `${own}/login?app=hidden` };
  expect({ status, links }).toEqual({ status: 400, links: [hidden, simulatorLogin, home] });
});

test('a path that does not exist leads to GraphiQL', async () => {
  const response = await fetch(`${own}/nothing`, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('<a href="/graphql">Open GraphiQL</a>');
});

describeWithChromium('in Chromium', (browser) => {
  test('the login link of the simulator leads to an account in GraphiQL, by clicks alone', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(world.simulator.url);
    await page.getByRole('link', { name: 'Simulator', exact: true }).click();
    await page.locator('#approve').click();
    await page.getByText('LOGIN_MISMATCH').waitFor();
    await page.getByRole('link', { name: 'Log in with Simulator' }).click();
    await page.locator('#approve').click();
    await page.locator('#browser-accounts li').filter({ hasText: 'SIM0001' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
