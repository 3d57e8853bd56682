// Browsers that are logged in, and the account of every token that the broker has issued to them.
import { Visitor } from '../../support/visitor.ts';
import type { GatewayProcess, SimulatorProcess } from './processes.ts';

/** A browser with the user that logged in. */
export interface Browser {
  readonly userId: string;
  readonly visitor: Visitor;
}

/** What the browsers are at. */
export interface BrowserWorld {
  readonly gateway: Pick<GatewayProcess, 'origin'>;
  readonly simulator: SimulatorProcess;
}

/** The ids of users, by number. */
export function userIds(count: number, from: number): string[] {
  return Array.from({ length: count }, (_, index) => `SIM${String(from + index).padStart(4, '0')}`);
}

/** Follows the whole login of a user; `OK`, or what the gateway says instead. */
export async function logIn({ gateway }: BrowserWorld, browser: Browser): Promise<string> {
  try {
    const { origin } = gateway;
    const { status, location, text } = await browser.visitor.logIn(
      `${origin}/login?app=simulator`,
      browser.userId,
    );
    const error = new URL(location ?? '/', origin).searchParams.get('error');
    if (status === 303 && error === null) return 'OK';
    return error ?? /[A-Z]{4,}_[A-Z_]+/.exec(text)?.[0] ?? `status ${status}`;
  } catch (error) {
    // The gateway did not lead to the broker.
    const [code] = /[A-Z]{4,}_[A-Z_]+/.exec(String(error)) ?? [];
    return code ?? /: (\d{3})/.exec(String(error))?.[1] ?? 'no answer';
  }
}

/** Logs new browsers in. @throws where one is not. */
export async function browsersOf(
  world: BrowserWorld,
  ids: readonly string[],
): Promise<readonly Browser[]> {
  const browsers = ids.map((userId) => ({ userId, visitor: new Visitor(world.gateway.origin) }));
  for (const browser of browsers) {
    const outcome = await logIn(world, browser);
    if (outcome !== 'OK') throw new Error(`${browser.userId}: ${outcome}`);
  }
  return browsers;
}

/** Asks for the browser's account at the broker; `OK`, the code, or what is wrong. */
export async function askAs({ userId, visitor }: Browser): Promise<string> {
  try {
    const { status, text } = await visitor.askRaw('{ accounts { user { userId email } } }');
    const code = /"code":"(\w+)"/.exec(text)?.[1];
    if (code !== undefined) return code;
    if (text.includes(`"userId":"${userId}"`)) return 'OK';
    return status === 200 ? 'no session' : `status ${status}`;
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error
      ? error.cause.message
      : 'no answer';
  }
}

/** The sessions that the broker has issued and not ended, without those of these browsers: none should be left over. */
export async function leftOver(
  { simulator }: BrowserWorld,
  loggedIn: readonly Browser[],
): Promise<readonly string[]> {
  const open = new Map<string, number>();
  const count = (userId: string, change: number) =>
    open.set(userId, (open.get(userId) ?? 0) + change);
  for (const { method, path, status, userId } of await simulator.calls()) {
    if (path !== '/session/token' || status !== 200 || userId === null) continue;
    count(userId, method === 'POST' ? 1 : -1);
  }
  for (const { userId } of loggedIn) count(userId, -1);
  return [...open]
    .filter(([, sessions]) => sessions !== 0)
    .map(([userId, sessions]) => `${sessions} sessions of ${userId} at the broker`);
}
