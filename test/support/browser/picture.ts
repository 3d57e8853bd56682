// Takes the pictures of the documents, of GraphiQL and of the console, and records the console: `npm run picture`.
import { writeFileSync } from 'node:fs';
import { createGateway } from '../../../src/gateway.ts';
import { listen } from '../../../src/server/listen.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { freePorts } from '../processes/command.ts';
import { launchChromium } from './browser.ts';
import { approveAtZerodha, label, logInAtKotak, visitConsole } from './console.ts';
import { filmConsole, filmFile } from './console-film.ts';
import { animatedWebp } from './film.ts';

// At its own address, where logins reach it.
const [port = 0] = await freePorts(1);
const publicUrl = `http://localhost:${port}`;
const simulator = await startSimulator({ port: 0, redirectUrl: `${publicUrl}/callback` });
const gateway = createGateway({
  publicUrl,
  apps: [
    { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Zerodha', listed: true },
    {
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      accessToken: 'simulator-kotak-app-token',
      name: 'Kotak',
      listed: true,
    },
  ],
  kiteBaseUrl: simulator.url,
  kiteLoginUrl: `${simulator.url}/connect/login`,
  kotakBaseUrls: [`${simulator.url}/kotak/apim`, `${simulator.url}/kotak-c/apim`],
  graphiql: {
    authorization: 'token simulator:SIM0001-token, token simulator:SIM0002-token',
    simulatorUrl: simulator.url,
  },
  console: true,
});
const server = await listen(gateway, '127.0.0.1', port);
const browser = await launchChromium();

const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`${publicUrl}/graphql`);
await page.locator('.graphiql-tab-button').nth(2).focus();
await page.keyboard.press('Enter');
await page.getByText('SeveralAccounts').last().waitFor();
await page.waitForTimeout(1_000);
await page.locator('.graphiql-execute-button').click();
await page.waitForTimeout(1_500);
await page.mouse.move(0, 0);
await page.screenshot({ path: 'docs/graphiql.png', animations: 'disabled' });

const { page: desk } = await visitConsole(browser, publicUrl);
for (const [userId, name] of [
  ['SIM0002', 'Father'],
  ['SIM0005', 'HUF'],
  ['SIM0004', 'Self'],
  ['SIM0001', 'Mother'],
] as const) {
  await desk.goto(publicUrl);
  await desk.getByRole('link', { name: /^(Log in with )?Zerodha$/ }).click();
  await approveAtZerodha(desk, userId);
  await desk.getByRole('link', { name: new RegExp(`Zerodha ${userId}`) }).click();
  await label(desk, name);
}
await desk.goto(publicUrl);
await desk.getByRole('link', { name: 'Kotak', exact: true }).click();
await logInAtKotak(desk, simulator.url, 'SIMK01');
await desk.getByRole('link', { name: /SIMK01/ }).click();
await label(desk, 'Self at Kotak');
await desk.getByRole('link', { name: /^Father Zerodha/ }).click();
await desk.getByRole('button', { name: 'Log out', exact: true }).click();
await desk.getByRole('button', { name: 'Log out', exact: true }).click();
await desk.getByText('Father is logged out.').waitFor();
await desk.goto(`${publicUrl}/`);
await desk.getByRole('link', { name: /^Mother Zerodha/ }).click();
await desk.getByText('Live', { exact: true }).waitFor();
for (const rupees of [2500.5, -1200]) {
  await simulate('pay-ins', { userId: 'SIM0001', segment: 'equity', rupees });
  await desk.waitForTimeout(7_000);
}
await desk.mouse.move(0, 0);
await desk.screenshot({ path: 'docs/console.png', animations: 'disabled' });

await simulate('reset', {});
const { frames } = await filmConsole(browser, {
  home: `${publicUrl}/`,
  payIn: (userId, segment, rupees) => simulate('pay-ins', { userId, segment, rupees }),
  untilPolled: (place) => place.waitFor(),
});
writeFileSync(filmFile, await animatedWebp(browser, frames));

await browser.close();
await server.close(0);
await simulator.close();

function simulate(path: string, body: unknown): Promise<Response> {
  return fetch(`${simulator.url}/simulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
