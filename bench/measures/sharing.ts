// Upstream calls under 32 clients at once: fewer than they ask for where they ask for the same, and exactly as many
// where they do not.
import { load } from '../load/load.ts';
import type { Question, Questions } from '../load/question.ts';
import type { Stage } from '../processes/stage.ts';
import { latencyMilliseconds } from './many.ts';

/** Calls upstream for one request. Two would be needed by itself. */
export interface SharingResult {
  readonly same: number;
  readonly different: number;
}

/** Counts calls. @throws where different credentials did not make exactly two calls each. */
export async function measureSharing(
  stage: Stage,
  questions: Questions,
  milliseconds: number,
): Promise<SharingResult> {
  const { upstream } = stage;
  const gateway = await stage.gateway();
  // An upstream that takes its time, as a real one does, so that there is something to join.
  await upstream.ask('latency', latencyMilliseconds);
  const callsFor = async (question: Question) => {
    await upstream.ask('calls');
    const { requests } = await load(gateway, question, { milliseconds });
    return (await upstream.ask<number>('calls')) / requests;
  };
  const same = await callsFor(questions.sameAccount());
  const different = await callsFor(questions.oneAccount());
  if (different !== 2) throw new Error(`Different credentials took ${different} calls a request`);
  await upstream.ask('latency', 0);
  return { same, different };
}
