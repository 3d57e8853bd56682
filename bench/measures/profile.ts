// Where the time of a request goes: a sampling profile of the gateway, and one of the floor, under the same load.
import type { Profile, Usage } from '../instruments.ts';
import { load } from '../load.ts';
import type { Questions } from '../question.ts';
import type { Server, Stage } from '../servers.ts';

/** Microseconds of CPU for a request, by the package or the part of Node that spent them. */
export interface ProfileResult {
  readonly floor: Profile;
  readonly gateway: Profile;
}

/** Profiles both. */
export async function measureProfile(
  { floor, gateway }: Stage,
  questions: Questions,
  milliseconds: number,
): Promise<ProfileResult> {
  const question = questions.oneAccount();
  const profileOf = async (server: Server): Promise<Profile> => {
    // Profiling costs as well: shares come from one run, the sum from another.
    const before = await server.process.ask<Usage>('usage');
    const { requests } = await load(server, question, { connections: 32, milliseconds });
    const after = await server.process.ask<Usage>('usage');
    await server.process.ask('startProfile');
    await load(server, question, { connections: 32, milliseconds });
    const shares = await server.process.ask<Profile>('stopProfile');
    const whole = (after.cpu - before.cpu) / requests;
    return Object.fromEntries(
      Object.entries(shares).map(([place, share]) => [place, share * whole]),
    );
  };
  return { floor: await profileOf(floor), gateway: await profileOf(gateway) };
}
