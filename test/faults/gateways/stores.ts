// A store that fails for a while, under browsers that ask and log in: what every failure of a store has in common.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Visitor } from '../../support/visitor.ts';
import { counted, measure, ordinaryUser } from '../report/measure.ts';
import {
  askAs,
  type Browser,
  type BrowserWorld,
  browsersOf,
  leftOver,
  logIn,
  userIds,
} from './browsers.ts';
import type { GatewayProcess } from './processes.ts';

/** One failure of a store. */
export interface StoreFault {
  /** What it is called in the table. */
  readonly name: string;
  readonly spoil: () => unknown;
  readonly mend: () => unknown;
  readonly seconds: number;
  /** Whether sessions can be read meanwhile. */
  readonly isReadable?: boolean;
}

/** Who the browsers are; each fault has new ones that try to log in. */
const old = userIds(10, 101);
let next = 201;

/** The answers that a browser may get while its store fails. */
const allowed = /^(OK|KEYRING_UNAVAILABLE|KEYRING|status 503|503)$/;

/**
 * Logs ten browsers in, lets the store fail while they ask and others log in, and mends it: then all are logged in as
 * before, and no session is left at the broker that no browser has.
 */
export async function sufferStore(
  world: BrowserWorld & { readonly gateway: GatewayProcess },
  faults: readonly StoreFault[],
): Promise<void> {
  const { gateway, simulator } = world;
  const loggedIn: Browser[] = [...(await browsersOf(world, old))];
  for (const { name, spoil, mend, seconds, isReadable = false } of faults) {
    await measure(
      {
        sent: `${name} for ${seconds} s: 10 browsers ask, others log in`,
        gateway,
        brokerPorts: [simulator.port],
        user: ordinaryUser(gateway.url),
      },
      async () => {
        await spoil();
        let isOver = false;
        const reads: string[] = [];
        const logins: string[] = [];
        const asking = loggedIn.slice(0, old.length).map(async (browser) => {
          while (!isOver) {
            reads.push(await askAs(browser));
            await sleep(100);
          }
        });
        const joining = (async () => {
          while (!isOver) {
            const [userId = ''] = userIds(1, next++);
            const browser = { userId, visitor: new Visitor(gateway.origin) };
            const outcome = await logIn(world, browser);
            logins.push(outcome);
            if (outcome === 'OK') loggedIn.push(browser);
            await sleep(200);
          }
        })();
        await sleep(seconds * 1_000);
        const checks = await Promise.all(
          ['/ready', '/health'].map((path) => fetch(gateway.origin + path)),
        );
        const statuses = checks.map(({ status }) => status);
        isOver = true;
        await Promise.all([...asking, joining]);
        await mend();
        expect(statuses).toEqual([503, 200]);
        expect(reads.filter((code) => !allowed.test(code))).toEqual([]);
        if (isReadable) expect(reads.filter((code) => code !== 'OK')).toEqual([]);
        expect(logins.filter((code) => code !== 'OK').length).toBeGreaterThan(0);
        const ready = async () => (await fetch(`${gateway.origin}/ready`)).status;
        await expect.poll(ready, { timeout: 30_000 }).toBe(200);
        const all = () => Promise.all(loggedIn.map(askAs));
        await expect.poll(all, { timeout: 30_000 }).toEqual(loggedIn.map(() => 'OK'));
        const left = () => leftOver(world, loggedIn);
        await expect.poll(left, { timeout: 30_000 }).toEqual([]);
        loggedIn.push(...(await browsersOf(world, userIds(1, next++))));
        const answers = counted([
          ...reads.map((code) => `query ${code}`),
          ...logins.map((code) => `login ${code}`),
        ]);
        return { answers, lost: await left() };
      },
    );
  }
}
