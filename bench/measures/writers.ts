// The parts of the gateway that one can do without: the edge that writes most answers, and plans of execution.
import type { Questions } from '../load/question.ts';
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

/** The gateway with some of its parts. Ratios are to the floor. */
export interface WritersResult extends Ratios, Absolutes {
  readonly name: string;
}

/** The settings with which no document gets a plan. */
const withoutPlans = { LIMIT_PLAN_CHARACTERS: '0' };

/**
 * Asks for one account through each writer. A request whose body comes in chunks, and is the same otherwise, is one
 * that the edge leaves to Yoga's adapter.
 */
export async function measureWriters(
  stage: Stage,
  questions: Questions,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly WritersResult[]> {
  const question = questions.oneAccount();
  const chunked = { ...question, isChunked: true };
  const floor = { name: 'the floor', server: await stage.other('floor'), question };
  const ways = async (settings: Readonly<Record<string, string>>, plans: string) => {
    const server = await stage.gateway(settings);
    return [
      { name: `the edge, ${plans}`, server, question },
      { name: `Yoga’s adapter, ${plans}`, server, question: chunked },
    ];
  };
  const contestants = [
    floor,
    ...(await ways({}, 'with plans')),
    ...(await ways(withoutPlans, 'without plans')),
  ];
  for (const { server, question } of contestants) await checkAnswer(stage, server, question);
  const measured = await inTurn(contestants, options, progress);
  const [base = []] = measured;
  return contestants.map(({ name }, index) => {
    const rounds = measured[index] ?? [];
    return { name, ...ratiosTo(base, rounds), ...absolutesOf(rounds) };
  });
}
