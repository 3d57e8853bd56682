// Only servers that answer rightly are measured.
import { isDeepStrictEqual } from 'node:util';
import { Connection, read } from '../load/connection.ts';
import type { Question, Sent } from '../load/question.ts';
import type { Server, Stage } from '../processes/stage.ts';

/** Asks a server once. @throws when the answer is not the right one, or took another number of calls. */
export async function checkAnswer(stage: Stage, server: Server, question: Question): Promise<void> {
  await stage.upstream.ask('calls');
  const sent = question.next();
  expectSame(server, await dataOf(server, question, sent), question.right(sent));
  const calls = await stage.upstream.ask<number>('calls');
  if (calls !== question.calls) throw new Error(`${server.name} made ${calls} calls`);
}

/** The data that a server answers. @throws for another status than the right one, and for errors where none are due. */
export async function dataOf(server: Server, question: Question, sent: Sent): Promise<unknown> {
  const connection = new Connection(server, question);
  const { status, body } = read(await connection.ask(sent));
  connection.close();
  const { data, errors } = JSON.parse(body);
  const { status: rightStatus = 200, hasErrors = false } = question;
  if (status !== rightStatus || (errors !== undefined) !== hasErrors) {
    throw new Error(`${server.name} answered ${status} ${body}`);
  }
  return data;
}

/** @throws when the two differ. */
export function expectSame(server: Server, answer: unknown, right: unknown): void {
  if (isDeepStrictEqual(answer, right)) return;
  throw new Error(
    `${server.name} answered ${JSON.stringify(answer)}\ninstead of ${JSON.stringify(right)}`,
  );
}
