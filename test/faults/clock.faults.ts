// A time of day that jumps and comes back.
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { emptyFolder } from '../support/processes/command.ts';
import { askAs, browsersOf, leftOver, userIds } from './gateways/browsers.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { counted, measure, ordinaryUser } from './report/measure.ts';

const hour = 3_600_000;
const jumps = [
  ['an hour ahead', hour],
  ['an hour behind', -hour],
  ['a day ahead', 24 * hour],
  ['forty days ahead', 40 * 24 * hour],
  ['ten years behind', -10 * 365 * 24 * hour],
] as const;

test('a clock that jumps and comes back ends no session, at the gateway or at the broker', async () => {
  const folder = emptyFolder();
  const file = join(folder, 'shift');
  const shift = (milliseconds: number) => {
    writeFileSync(`${file}.new`, `${milliseconds}`);
    renameSync(`${file}.new`, file);
  };
  shift(0);
  const simulator = await startSimulatorProcess({
    SIMULATOR_RATE_LIMIT: '0',
    SIMULATOR_ACCOUNTS: '1000',
  });
  const clock = fileURLToPath(new URL('gateways/shifted-clock.ts', import.meta.url));
  const gateway = await startGateway({
    env: {
      ...brokerSettings(simulator),
      KEYRING_STORE: `sqlite:${join(folder, 'keyrings')}`,
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      NODE_OPTIONS: `--max-old-space-size=192 --import file://${clock}?file=${file}`,
    },
  });
  const world = { gateway, simulator };
  const browsers = await browsersOf(world, userIds(10, 101));
  const ask = () => Promise.all(browsers.map(askAs));
  for (const [name, milliseconds] of jumps) {
    await measure(
      {
        sent: `the time of day jumps ${name} and back: 10 browsers ask five times`,
        gateway,
        brokerPorts: [simulator.port],
        user: ordinaryUser(gateway.url),
      },
      async () => {
        shift(milliseconds);
        const during: string[] = [];
        for (let turn = 0; turn < 5; turn += 1) during.push(...(await ask()));
        shift(0);
        await expect.poll(ask, { timeout: 10_000 }).toEqual(browsers.map(() => 'OK'));
        expect(
          during.filter((code) => !/^(OK|SESSION_EXPIRED|UNAUTHENTICATED)$/.test(code)),
        ).toEqual([]);
        return { answers: counted(during), lost: await leftOver(world, browsers) };
      },
    );
  }
});
