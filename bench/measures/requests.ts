// Kinds of requests, each beside the floor making the same calls.
import type { Question, Questions } from '../load/question.ts';
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

/** One kind of request. Ratios are to the floor. */
export interface RequestsResult extends Ratios, Absolutes {
  readonly kind: RequestKind;
  /** Calls upstream for one request. */
  readonly calls: number;
}

const kinds = {
  fragments: (questions) => questions.withFragments(),
  'failed account': (questions) => questions.withFailedAccount(),
  mutation: (questions) => questions.logout(),
  'refused token': (questions) => questions.refused(),
  'invalid document': (questions) => questions.invalid(),
} satisfies Record<string, (questions: Questions) => Question>;

/** The kinds. */
export type RequestKind = keyof typeof kinds;

/** Measures one kind after the other: the floor and the gateway in turn. */
export async function measureRequests(
  stage: Stage,
  questions: Questions,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly RequestsResult[]> {
  const servers = [await stage.other('floor'), await stage.gateway()];
  const results: RequestsResult[] = [];
  for (const [kind, ask] of Object.entries(kinds) as [RequestKind, (typeof kinds)[RequestKind]][]) {
    const question = ask(questions);
    for (const server of servers) await checkAnswer(stage, server, question);
    const contestants = servers.map((server) => ({
      name: `${kind}, ${server.name}`,
      server,
      question,
    }));
    const [floor = [], gateway = []] = await inTurn(contestants, options, progress);
    const { calls } = question;
    results.push({ kind, calls, ...ratiosTo(floor, gateway), ...absolutesOf(gateway) });
  }
  return results;
}
