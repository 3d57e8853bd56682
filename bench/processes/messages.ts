// Words between the bench and its processes: a question by name, and one answer.

/** What a process can be asked, by name. */
export type Answers = Readonly<Record<string, (value: unknown) => unknown>>;

/** A question on its way. */
export interface Asked {
  readonly id: number;
  readonly name: string;
  readonly value: unknown;
}

/** An answer on its way back; or a word sent unasked, which has no id. */
export interface Said {
  readonly id: number | null;
  readonly answer: unknown;
}

/** Answers what the parent process asks, and ends this process when the parent is gone. */
export function answerParent(answers: Answers): void {
  process.on('message', async ({ id, name, value }: Asked) => {
    const find = answers[name];
    if (find !== undefined) tell(await find(value), id);
  });
  process.on('disconnect', () => process.exit());
}

/** Tells the parent process something. */
export function tell(answer: unknown, id: number | null = null): void {
  const said: Said = { id, answer };
  process.send?.(said);
}
