// Answers bent out of shape: the true envelope with fields of its data changed or taken away.
import { type Answer, isTree, type Tree } from '../reply.ts';
import type { FaultWords } from './fault-words.ts';

type DataOf = FaultWords['dataOf'];

/**
 * The answer with fields of its data set to other values, by dotted path (`equity.net`). Where the data is
 * not an object, as a refusal's and a logout's is not, it stays as it is.
 */
export function withFields(
  answer: Answer,
  fields: Readonly<Record<string, unknown>>,
  dataOf: DataOf,
): Answer {
  return withChangedData(answer, dataOf, (data) => {
    for (const [path, value] of Object.entries(fields)) {
      const found = parentOf(data, path);
      if (found) found.parent[found.name] = value;
    }
  });
}

/** The answer with fields of its data left out, by dotted path; paths that are not there are ignored. */
export function withoutFields(answer: Answer, paths: readonly string[], dataOf: DataOf): Answer {
  return withChangedData(answer, dataOf, (data) => {
    for (const path of paths) {
      const found = parentOf(data, path);
      if (found) delete found.parent[found.name];
    }
  });
}

/** The answer with every value of its data in another JSON type: texts as 0, all else as text. */
export function withWrongTypes(answer: Answer, dataOf: DataOf): Answer {
  return withChangedData(answer, dataOf, (data) => {
    for (const [name, value] of Object.entries(data)) data[name] = wrong(value);
  });
}

function wrong(value: unknown): unknown {
  if (isTree(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, wrong(item)]));
  }
  return typeof value === 'string' ? 0 : String(value);
}

function withChangedData(answer: Answer, dataOf: DataOf, change: (data: Tree) => void): Answer {
  // The answer may share its parts with other answers.
  const envelope: unknown = structuredClone(answer.envelope);
  const data = isTree(envelope) ? dataOf(envelope) : null;
  if (data !== null) change(data);
  return { status: answer.status, envelope };
}

function parentOf(data: Tree, path: string): { parent: Tree; name: string } | null {
  const names = path.split('.');
  const name = names.pop() ?? '';
  let parent: unknown = data;
  // Own fields only: a path of `__proto__` must not reach what every object of the process shares.
  for (const step of names) {
    parent = isTree(parent) && Object.hasOwn(parent, step) ? parent[step] : undefined;
  }
  return isTree(parent) && name !== '__proto__' ? { parent, name } : null;
}
