// Takes the README's picture of GraphiQL: `npm run picture`.
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { launchChromium } from './browser.ts';
import { freePorts } from './command.ts';

// At its own address, where logins reach it.
const [port = 0] = await freePorts(1);
const publicUrl = `http://localhost:${port}`;
const simulator = await startSimulator({ port: 0 });
const gateway = createGateway({
  publicUrl,
  apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator', listed: true }],
  kiteBaseUrl: simulator.url,
  graphiql: {
    authorization: 'token simulator:SIM0001-token, token simulator:SIM0002-token',
    simulatorUrl: simulator.url,
  },
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

await browser.close();
await server.close(0);
await simulator.close();
