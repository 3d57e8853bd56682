// Takes the README's picture of GraphiQL: `npm run picture`.
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { launchChromium } from './browser.ts';

const simulator = await startSimulator({ port: 0 });
const gateway = createGateway({
  apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator' }],
  kiteBaseUrl: simulator.url,
  graphiql: { authorization: 'token simulator:SIM0001-token, token simulator:SIM0002-token' },
});
const server = await listen(gateway, '127.0.0.1', 0);
const browser = await launchChromium();

const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`http://127.0.0.1:${server.port}/graphql`);
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
