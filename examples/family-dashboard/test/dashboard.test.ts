// The page in a real Chromium, with the gateway and both brokers simulated: no broker account, no internet.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { type GatewayForTests, startGateway } from 'kite-graphql/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';

const trustedDocuments = JSON.parse(readFileSync('trusted-documents.json', 'utf8'));

let gateway: GatewayForTests;
let server: PreviewServer;
let browser: Browser;
let origin = '';

before(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  // The gateway and the page are on two origins, as they will be.
  gateway = await startGateway({ allowedOrigins: [origin], trustedDocuments });
  const define = { 'import.meta.env.VITE_GATEWAY_URL': JSON.stringify(gateway.url) };
  await build({ define, logLevel: 'warn' });
  server = await preview({ preview: { host: 'localhost', port, strictPort: true } });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});

after(async () => {
  await browser?.close();
  await server?.close();
  await gateway?.close();
});

/** A page of a new browser. Nothing may go wrong in it, and nothing may leave this machine. */
async function open(): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => assert.fail(error));
  page.on('console', (message) => assert.notEqual(message.type(), 'error', message.text()));
  page.on('request', (request) =>
    assert.match(new URL(request.url()).hostname, /^(localhost|127\.0\.0\.1|)$/),
  );
  await page.goto(origin);
  return page;
}

/** Logs in at the simulated Kite, whose page asks who it is. */
async function logInAtKite(page: Page, userId: string): Promise<void> {
  await page.getByRole('link', { name: 'Log in with Simulator' }).click();
  await page.getByRole('radio', { name: userId }).check();
  await page.getByRole('button', { name: 'Approve' }).click();
}

/** Logs in at the simulated Kotak, by the gateway's page for a password and a code. */
async function logInAtKotak(page: Page, userId: string): Promise<void> {
  await page.getByRole('link', { name: 'Log in with Simulated Kotak' }).click();
  await page.getByLabel('User id').fill(userId);
  await page.getByLabel('Password').fill(`${userId}-password`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Access code').waitFor();
  const code = (await gateway.simulator.accessCodes()).at(-1)?.accessCode ?? '';
  await page.getByLabel('Access code').fill(code);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a family logs in at two brokers, sees its funds change, and logs out', async () => {
  const page = await open();
  await page.getByText('No account is logged in yet.').waitFor();
  await logInAtKite(page, 'SIM0001');
  const first = page.getByRole('row', { name: 'Meenakshi Deshpande' });
  await first.getByRole('cell', { name: '₹99,725.05' }).waitFor();

  await logInAtKite(page, 'SIM0003');
  await logInAtKotak(page, 'SIMK01');
  const kotak = page.getByRole('row', { name: /Kotak/ });
  await kotak.getByRole('cell', { name: /^₹/ }).first().waitFor();

  // The sum says who is not in it.
  const together = page.getByRole('row', { name: 'Together' });
  await together.getByText('Not in the sum: Ishita Wangchuk (NOT_SUPPORTED)').waitFor();
  await together.getByRole('cell', { name: '₹3,63,201.91' }).waitFor();

  // Money arrives, and the page shows it without a reload.
  await gateway.simulator.payIn({ userId: 'SIM0001', segment: 'equity', rupees: 1_000 });
  await first.getByRole('cell', { name: '₹1,00,725.05' }).waitFor();
  await together.getByRole('cell', { name: '₹3,64,201.91' }).waitFor();

  // A name of the family's own stays.
  await first.getByRole('textbox').fill('Mother');
  await first.getByRole('button', { name: 'Save' }).click();
  const mother = page.getByRole('row', { name: 'Mother' });
  await mother.waitFor();
  await page.reload();
  await mother.getByRole('cell', { name: '₹1,00,725.05' }).waitFor();

  await mother.getByRole('button', { name: 'Log out Mother' }).click();
  await mother.waitFor({ state: 'detached' });
  await page.close();
});

test('in the morning the page offers a new login for each account', async () => {
  await gateway.simulator.reset();
  const page = await open();
  await page.context().addCookies([await gateway.logIn('SIM0002')]);
  await page.reload();
  const row = page.getByRole('row', { name: 'Joseph Borah' });
  await row.getByRole('button', { name: 'Log out' }).waitFor();
  await gateway.simulator.clock.advance({ days: 1 });
  await row.getByRole('link', { name: 'Log in again' }).click();
  await page.getByRole('radio', { name: 'SIM0002' }).check();
  await page.getByRole('button', { name: 'Approve' }).click();
  await row.getByRole('cell', { name: /^₹/ }).first().waitFor();
  await page.close();
});

test('the gateway executes the documents of this page, and no others', async () => {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ __typename }"}',
  });
  const { errors } = await response.json();
  assert.equal(errors[0].extensions.code, 'DOCUMENT_NOT_TRUSTED');
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, 'localhost', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
