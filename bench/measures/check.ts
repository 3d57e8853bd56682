// Nobody is measured who answers wrongly.
import { isDeepStrictEqual } from 'node:util';
import { bodyOf, Connection } from '../connection.ts';
import { accountsIn, type Question, type Questions } from '../question.ts';
import type { Server, Stage } from '../servers.ts';

/** Asks every server once. @throws when an answer is not the right one, or took more than two calls. */
export async function checkAnswers(stage: Stage, questions: Questions): Promise<void> {
  for (const server of [stage.floor, stage.gateway, stage.mercurius, stage.apollo]) {
    await stage.upstream.ask('calls');
    const question = questions.oneAccount();
    const authorization = question.authorization();
    const [account] = accountsIn(authorization);
    expectSame(server, await answerOf(server, question, authorization), { account });
    const calls = await stage.upstream.ask<number>('calls');
    if (calls !== 2) throw new Error(`${server.name} made ${calls} calls for one question`);
  }
}

/** The data that a server answers. @throws when it answers errors beside it. */
export async function answerOf(
  server: Server,
  question: Question,
  authorization: string,
): Promise<unknown> {
  const connection = new Connection(server, question);
  const { data, errors } = JSON.parse(bodyOf(await connection.ask(authorization)));
  connection.close();
  if (errors !== undefined) throw new Error(`${server.name} answered ${JSON.stringify(errors)}`);
  return data;
}

/** @throws when the two differ. */
export function expectSame(server: Server, answer: unknown, right: unknown): void {
  if (isDeepStrictEqual(answer, right)) return;
  throw new Error(
    `${server.name} answered ${JSON.stringify(answer)}\ninstead of ${JSON.stringify(right)}`,
  );
}
