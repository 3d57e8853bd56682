// What tracing costs a gateway that does not trace: nothing, whether the API of OpenTelemetry is installed or not. And
// what it costs one that has an SDK.
import type { Questions } from '../load/question.ts';
import type { Stage } from '../processes/stage.ts';
import { checkAnswer } from './check.ts';
import {
  type Absolutes,
  absolutesOf,
  type Contestant,
  inTurn,
  type Ratios,
  type RoundsOptions,
  ratiosTo,
} from './rounds.ts';

/** A gateway with some part of OpenTelemetry. Ratios are to the one for which no part is installed. */
export interface TracingResult extends Ratios, Absolutes {
  readonly name: string;
}

/** What is loaded before the gateway. */
const ways = [
  { name: 'no OpenTelemetry can be loaded', loaded: './bench/processes/no-telemetry.ts' },
  { name: 'its API is loaded, and no SDK', loaded: '@opentelemetry/api' },
  { name: 'an SDK that drops every span', loaded: './bench/processes/dropped-spans.ts' },
];

/** Asks for one account, in turn. The gateway without OpenTelemetry is measured twice: the second time shows the noise. */
export async function measureTracing(
  stage: Stage,
  questions: Questions,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly TracingResult[]> {
  const question = questions.oneAccount();
  const contestants: Contestant[] = [];
  for (const { name, loaded } of [...ways.slice(0, 1), ...ways]) {
    const isAgain = contestants.length === 1;
    // The same twice, as two processes.
    const settings = isAgain ? { LOG_LEVEL: 'info' } : {};
    const server = await stage.gateway(settings, name, [loaded]);
    await checkAnswer(stage, server, question);
    contestants.push({ name: isAgain ? `${name}, again` : name, server, question });
  }
  const measured = await inTurn(contestants, options, progress);
  const [base = []] = measured;
  return contestants.map(({ name }, index) => {
    const rounds = measured[index] ?? [];
    return { name, ...ratiosTo(base, rounds), ...absolutesOf(rounds) };
  });
}
