// One account in one query, on every server: how many of them a second, how soon, and at what cost.
import type { Questions } from '../load/question.ts';
import type { Memory } from '../processes/instruments.ts';
import type { Stage } from '../processes/stage.ts';
import { checkAnswer } from './check.ts';
import {
  type Absolutes,
  absolutesOf,
  inTurn,
  type Ratios,
  type RoundsOptions,
  ratiosTo,
} from './rounds.ts';

/** What one server did. Ratios are to the floor. */
export interface SingleResult extends Ratios, Absolutes {
  readonly name: string;
  /** Bytes resident after all rounds and a garbage collection. */
  readonly rss: number;
}

/** Measures every server. The floor comes first in the answer. */
export async function measureSingle(
  stage: Stage,
  questions: Questions,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly SingleResult[]> {
  const servers = [
    await stage.other('floor'),
    await stage.other('mercurius'),
    await stage.other('plans'),
    await stage.other('graphqlTools'),
    await stage.gateway(),
    await stage.other('graphqlJs'),
    await stage.other('mercuriusInterpreted'),
    await stage.other('apollo'),
  ];
  const question = questions.oneAccount();
  for (const server of servers) await checkAnswer(stage, server, question);
  const contestants = servers.map((server) => ({ name: server.name, server, question }));
  const measured = await inTurn(contestants, options, progress);
  const [floor = []] = measured;
  const results: SingleResult[] = [];
  for (const [index, { name, process }] of servers.entries()) {
    const rounds = measured[index] ?? [];
    const { rss } = await process.ask<Memory>('memory');
    results.push({ name, ...ratiosTo(floor, rounds), ...absolutesOf(rounds), rss });
  }
  return results;
}
