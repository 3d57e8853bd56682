// The recording of the console: two logins, funds, and a change that arrives while the page is open.
import type { Browser, Locator } from 'playwright-core';
import { loggedIn, visitConsole } from './console.ts';
import { Film } from './film.ts';

/** Where the recording lies, from the root of the project. */
export const filmFile = 'docs/console.webp';

/** The size of the page that is recorded. */
export const filmSize = { width: 1080, height: 700 };

/** What the story needs of the machines behind the page. */
export interface FilmStage {
  readonly home: string;
  readonly payIn: (userId: string, segment: 'equity', rupees: number) => Promise<unknown>;
  /** Waits for what only the next poll of the gateway brings. */
  readonly untilPolled: (place: Locator) => Promise<void>;
}

/** Plays the story. @returns its frames, and what the page complained about. */
export async function filmConsole(browser: Browser, { home, payIn, untilPolled }: FilmStage) {
  const visit = await visitConsole(browser, home, {
    ...(await loggedIn(home, ['simulator', 'SIM0004'])),
    viewport: filmSize,
    colorScheme: 'light',
  });
  const { page } = visit;
  const film = new Film(page);
  const seen = (text: string) => page.getByText(text).first().waitFor();

  await seen('1 of 1 account');
  await film.show(1_200);
  await film.click(page.getByRole('link', { name: /^(Log in with )?Zerodha$/ }));
  await page.locator('#approve').waitFor();
  await film.show(700);
  await film.click(page.locator('[name=user_id][value=SIM0002]'));
  await film.show(300);
  await film.click(page.locator('#approve'));
  await seen('Logged in.');
  await seen('2 of 2 accounts');
  await film.show(1_500);
  await film.click(page.getByRole('link', { name: /SIM0002/ }));
  await seen('% used');
  await page.getByText('Live', { exact: true }).waitFor();
  await film.show(1_800);
  await payIn('SIM0002', 'equity', 2_500.5);
  await untilPolled(page.getByText('+2,500.50 up', { exact: true }));
  await film.show(1_500);
  await payIn('SIM0002', 'equity', -1_200);
  await untilPolled(page.getByText('+1,300.50 up', { exact: true }));
  await film.show(3_000);
  await visit.close();
  return { frames: film.frames, complaints: visit.complaints };
}
