// An answer that comes in parts, read part by part as it arrives.
import type { AnswerError } from './world.ts';

/** One part: the first has `data`, the others have fragments. */
export interface Part {
  readonly data?: unknown;
  readonly errors?: readonly AnswerError[];
  readonly incremental?: readonly Fragment[];
  readonly hasNext?: boolean;
}

/** A deferred fragment, at its place. */
export interface Fragment {
  readonly data: unknown;
  readonly path: readonly (string | number)[];
  readonly label?: string;
  readonly errors?: readonly AnswerError[];
}

/** An answer whose head has come. */
export interface AnswerInParts {
  readonly status: number;
  readonly headers: Headers;
  /** Can be read once. */
  readonly parts: AsyncGenerator<Part, void, void>;
}

/** How an operation is sent. */
export interface PartsSettings {
  readonly variables?: unknown;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks, and reads multipart/mixed or, as `headers` may wish, text/event-stream. */
export async function askInParts(
  url: string,
  document: { toString(): string },
  { variables, authorization, headers, signal }: PartsSettings = {},
): Promise<AnswerInParts> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'multipart/mixed',
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
    body: JSON.stringify({ query: document.toString(), variables }),
    ...(signal && { signal }),
  });
  return { status: response.status, headers: response.headers, parts: partsOf(response) };
}

/** All parts that are still to come. */
export async function allOf(parts: AsyncIterable<Part>): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** All fragments of these parts, in the order they came. */
export function fragmentsOf(parts: readonly Part[]): Fragment[] {
  return parts.flatMap(({ incremental = [] }) => incremental);
}

async function* partsOf({ body, headers }: Response): AsyncGenerator<Part, void, void> {
  const isEvents = headers.get('content-type')?.startsWith('text/event-stream');
  const end = isEvents ? '\n\n' : '\r\n---';
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    const pieces = text.split(end);
    text = pieces.pop() ?? '';
    for (const piece of pieces) {
      const json = piece.slice(piece.search(/\{/));
      if (piece.includes('{')) yield JSON.parse(json);
    }
  }
}
