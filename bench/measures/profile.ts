// Where the time of a request goes: sampling profiles of the floor, of the gateway under the same load, and of the
// gateway asked by a browser with a keyring.

import { openBrowser } from '../load/browser.ts';
import { load, warmUp } from '../load/load.ts';
import type { Question, Questions } from '../load/question.ts';
import type { Profile, Usage } from '../processes/instruments.ts';
import type { Server, Stage } from '../processes/stage.ts';
import type { RoundsOptions } from './rounds.ts';

/** Microseconds of CPU for a request, by the package or the part of Node that spent them. */
export interface ProfileResult {
  readonly floor: Profile;
  readonly gateway: Profile;
  /** With a keyring of fifty sessions on SQLite. */
  readonly browser: Profile;
}

/** Profiles all of them. */
export async function measureProfile(
  stage: Stage,
  questions: Questions,
  options: Omit<RoundsOptions, 'rounds'>,
): Promise<ProfileResult> {
  const question = questions.oneAccount();
  const browser = await openBrowser(stage, stage.sqlite());
  return {
    floor: await profileOf(await stage.other('floor'), question, options),
    gateway: await profileOf(await stage.gateway(), question, options),
    browser: await profileOf(browser.server, browser.byCookie, options),
  };
}

async function profileOf(
  server: Server,
  question: Question,
  { warmUpRequests, milliseconds }: Omit<RoundsOptions, 'rounds'>,
): Promise<Profile> {
  await warmUp(server, question, warmUpRequests);
  // Profiling costs as well: shares come from one run, the sum from another.
  const before = await server.process.ask<Usage>('usage');
  const { requests } = await load(server, question, { milliseconds });
  const after = await server.process.ask<Usage>('usage');
  await server.process.ask('startProfile');
  await load(server, question, { milliseconds });
  const shares = await server.process.ask<Profile>('stopProfile');
  const whole = (after.cpu - before.cpu) / requests;
  return Object.fromEntries(Object.entries(shares).map(([place, share]) => [place, share * whole]));
}
