// Where the time of a request goes: a sampling profile of the gateway, and one of the floor, under the same load.
import { load, warmUp } from '../load/load.ts';
import type { Questions } from '../load/question.ts';
import type { Profile, Usage } from '../processes/instruments.ts';
import type { Server, Stage } from '../processes/stage.ts';
import type { RoundsOptions } from './rounds.ts';

/** Microseconds of CPU for a request, by the package or the part of Node that spent them. */
export interface ProfileResult {
  readonly floor: Profile;
  readonly gateway: Profile;
}

/** Profiles both. */
export async function measureProfile(
  stage: Stage,
  questions: Questions,
  { warmUpRequests, milliseconds }: Omit<RoundsOptions, 'rounds'>,
): Promise<ProfileResult> {
  const question = questions.oneAccount();
  const profileOf = async (server: Server): Promise<Profile> => {
    // Code has to warm up where no other measure has run.
    await warmUp(server, question, warmUpRequests);
    // Profiling costs as well: shares come from one run, the sum from another.
    const before = await server.process.ask<Usage>('usage');
    const { requests } = await load(server, question, { milliseconds });
    const after = await server.process.ask<Usage>('usage');
    await server.process.ask('startProfile');
    await load(server, question, { milliseconds });
    const shares = await server.process.ask<Profile>('stopProfile');
    const whole = (after.cpu - before.cpu) / requests;
    return Object.fromEntries(
      Object.entries(shares).map(([place, share]) => [place, share * whole]),
    );
  };
  return {
    floor: await profileOf(await stage.other('floor')),
    gateway: await profileOf(await stage.gateway()),
  };
}
