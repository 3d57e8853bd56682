// A soak: full load for minutes, and what stays in memory after each.
import { load } from '../load/load.ts';
import type { Questions } from '../load/question.ts';
import type { Memory } from '../processes/instruments.ts';
import type { Stage } from '../processes/stage.ts';

/** Memory after each minute, after a garbage collection; and how much was answered until then. */
export interface Minute extends Memory {
  readonly requests: number;
}

/** Loads the gateway, distinct credentials throughout. */
export async function measureSoak(
  stage: Stage,
  questions: Questions,
  minutes: number,
  progress: (text: string) => void,
): Promise<readonly Minute[]> {
  const gateway = await stage.gateway();
  const measured: Minute[] = [];
  let answered = 0;
  const question = questions.oneAccount();
  for (let minute = 1; minute <= minutes; minute += 1) {
    progress(`minute ${minute} of ${minutes}`);
    const { requests } = await load(gateway, question, { milliseconds: 60_000 });
    answered += requests;
    const memory = await gateway.process.ask<Memory>('memory');
    measured.push({ ...memory, requests: answered });
  }
  return measured;
}
