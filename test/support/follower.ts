// A client of subscriptions: reads server-sent events off a plain fetch, one by one.
import { onTestFinished } from 'vitest';
import type { TypedDocumentString } from '../generated/graphql.ts';
import type { AnswerError } from './world.ts';

/** One event of a subscription. */
export interface Happening<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly AnswerError[];
}

/** How a subscription is asked for. */
export interface FollowSettings<Variables> {
  readonly variables?: Variables;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An open subscription. */
export interface Follower<Data> {
  readonly response: Response;
  /** The next event; null for the end that `event: complete` tells. @throws where the connection breaks off. */
  next(): Promise<Happening<Data> | null>;
  /** How many events have been read and not been asked for. */
  readonly unread: number;
  /** Goes away. */
  leave(): void;
}

/** Subscribes; goes away when the test ends at the latest. */
export async function follow<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables> | string,
  { variables, authorization, headers }: FollowSettings<Variables> = {},
): Promise<Follower<Data>> {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
    body: JSON.stringify({ query: document.toString(), variables }),
    signal: controller.signal,
  });
  return readEvents(response, () => controller.abort());
}

/** Reads a response while it arrives. */
export function readEvents<Data>(response: Response, leave: () => void): Follower<Data> {
  const events: (Happening<Data> | null | Error)[] = [];
  let news = Promise.withResolvers<void>();
  const add = (event: Happening<Data> | null | Error) => {
    events.push(event);
    news.resolve();
  };
  void read(response, add).then(
    () => add(new Error('the connection ended')),
    (error: Error) => add(error),
  );
  return {
    response,
    leave,
    get unread() {
      return events.length;
    },
    async next() {
      while (events.length === 0) {
        const awaited = news;
        await awaited.promise;
        if (news === awaited) news = Promise.withResolvers();
      }
      const event = events.shift() ?? null;
      if (event instanceof Error) throw event;
      return event;
    },
  };
}

async function read<Data>(
  { body }: Response,
  add: (event: Happening<Data> | null) => void,
): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (/^event: complete$/m.test(block)) add(null);
      else if (data !== undefined) add(JSON.parse(data));
    }
  }
}
