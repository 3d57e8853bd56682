// One operation over HTTP: what the gateway sends for it, payload by payload, in whichever format it answers.
import { type ClientError, Failure } from './errors.ts';

/** What the gateway sends at once: an answer, a part of one, or an event. */
export interface Payload {
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly incremental?: readonly Fragment[];
  readonly hasNext?: boolean;
}

/** A deferred fragment, and its place in the answer. */
export interface Fragment {
  readonly data: unknown;
  readonly path: readonly (string | number)[];
  readonly errors?: unknown;
}

/** A payload with the HTTP status of its answer. */
export interface ReceivedPayload {
  readonly payload: Payload;
  readonly httpStatus: number;
}

/** How a request is sent. */
export interface PostSettings {
  readonly url: string;
  readonly credentials: RequestCredentials;
  /** Makes the headers. What it throws is a failure of the request. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly fetch: typeof fetch;
  readonly timeoutMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
}

/** The most bytes of an answer, or of one event: four times what the gateway allows by default (LIMIT_ANSWER_BYTES). */
const maxBytes = 64_000_000;

/**
 * Sends an operation, and yields what the gateway answers.
 * @throws Failure where there is no answer, or an answer that is not GraphQL or breaks off.
 * @throws TypeError for variables that JSON does not have.
 */
export async function* post(body: object, settings: PostSettings): AsyncGenerator<ReceivedPayload> {
  const { url, credentials, signal, timeoutMilliseconds } = settings;
  const text = JSON.stringify(body);
  const controller = new AbortController();
  const abort = () => controller.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLate = false;
  const wait = () => {
    clearTimeout(timer);
    if (timeoutMilliseconds > 0) {
      timer = setTimeout(() => {
        isLate = true;
        abort();
      }, timeoutMilliseconds);
    }
  };
  let httpStatus: number | null = null;
  let message = 'The headers of the request cannot be made.';
  const fail = (cause: unknown) => {
    if (cause instanceof Failure) return cause;
    const fields = { httpStatus, retryable: true };
    let error: ClientError;
    if (signal?.aborted) {
      error = { ...fields, code: 'ABORTED', retryable: false, message: 'The request was aborted.' };
    } else if (isLate) {
      error = { ...fields, code: 'TIMED_OUT', message: 'The gateway did not answer in time.' };
    } else {
      error = { ...fields, code: 'NETWORK_FAILED', cause, message };
    }
    return new Failure(error);
  };
  try {
    signal?.addEventListener('abort', abort);
    // What makes the headers does not hear of an abort.
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', reject);
    });
    if (signal?.aborted) abort();
    wait();
    const headers = await Promise.race([settings.headers(), aborted]);
    message = 'The gateway cannot be reached, or the connection broke off.';
    const response = await settings.fetch(url, {
      method: 'POST',
      credentials,
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
      signal: controller.signal,
      // Another origin would get the variables and the headers.
      redirect: 'error',
    });
    httpStatus = response.status;
    const contentType = response.headers.get('content-type') ?? '';
    let room = maxBytes;
    const chunks = textOf(response, (bytes) => {
      wait();
      room -= bytes;
      if (room < 0) {
        throw notGraphql('The answer is longer than 64 MB.', response);
      }
    });
    const mediaType = contentType.split(';')[0]?.trim().toLowerCase();
    const payloads =
      mediaType === 'text/event-stream'
        ? eventsIn(chunks)
        : mediaType === 'multipart/mixed'
          ? partsIn(chunks, /boundary="?([^";]*)/i.exec(contentType)?.[1] ?? '-')
          : answerIn(chunks, response);
    let isEmpty = true;
    for await (const payload of payloads) {
      if (!isPayload(payload)) throw notGraphql('The answer is not GraphQL.', response);
      isEmpty = false;
      // A stream has no end: each event has the whole room.
      if (mediaType === 'text/event-stream') room = maxBytes;
      // The gateway is not silent while the caller works on what it has sent.
      clearTimeout(timer);
      yield { payload, httpStatus };
      wait();
    }
    if (isEmpty) throw new Error(brokenOff);
  } catch (cause) {
    throw fail(cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    abort();
  }
}

async function* textOf(
  { body }: Response,
  onChunk: (bytes: number) => void,
): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onChunk(value.length);
    yield decoder.decode(value, { stream: true });
  }
}

/** An answer in one piece. */
async function* answerIn(
  chunks: AsyncIterable<string>,
  response: Response,
): AsyncGenerator<unknown> {
  const { status, headers } = response;
  let text = '';
  for await (const chunk of chunks) text += chunk;
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch {}
  if (isPayload(payload)) yield payload;
  else {
    const contentType = headers.get('content-type') ?? '';
    // Seconds, or a date, which is not read.
    const retryAfterSeconds = Number.parseInt(headers.get('retry-after') ?? '', 10);
    const message = `The answer is not GraphQL: HTTP ${status}, ${contentType || 'without a media type'}.`;
    throw notGraphql(message, response, {
      retryable: status >= 500 || status === 429,
      ...(retryAfterSeconds >= 0 && { retryAfterSeconds }),
    });
  }
}

/** The failure for what is no answer; sent again it would be the same, unless `more` says otherwise. */
function notGraphql(
  message: string,
  { status, headers }: Response,
  more: { readonly retryable?: boolean; readonly retryAfterSeconds?: number } = {},
): Failure {
  const contentType = headers.get('content-type') ?? '';
  const fields = { message, retryable: false, httpStatus: status, contentType };
  return new Failure({ code: 'NOT_GRAPHQL', ...fields, ...more });
}

function isPayload(value: unknown): value is Payload {
  const { incremental = [], ...payload } = Object(value);
  const isPart =
    Array.isArray(incremental) && incremental.every((part) => Array.isArray(part?.path));
  return isPart && ('data' in payload || 'errors' in payload || 'hasNext' in payload);
}

/** The pieces of a text that an end follows. What follows the last end is not yielded. */
async function* split(chunks: AsyncIterable<string>, end: string): AsyncGenerator<string> {
  let waiting: string[] = [];
  let tail = '';
  for await (const chunk of chunks) {
    waiting.push(chunk);
    tail += chunk;
    if (tail.includes(end)) {
      const pieces = waiting.join('').split(end);
      tail = pieces.pop() ?? '';
      waiting = [tail];
      yield* pieces;
    }
    // An end may begin in one chunk and go on in the next; all before was searched.
    tail = tail.slice(1 - end.length);
  }
}

/** The events of a stream, up to `event: complete`. @throws Error where the stream ends without it. */
async function* eventsIn(chunks: AsyncIterable<string>): AsyncGenerator<unknown> {
  for await (const event of split(chunks, '\n\n')) {
    if (/^event: ?complete$/m.test(event)) return;
    const data = /^data: ?(.+)$/m.exec(event)?.[1];
    if (data) yield JSON.parse(data);
  }
  throw new Error(brokenOff);
}

/** The parts of an answer, up to the last. @throws Error where the answer ends before. */
async function* partsIn(chunks: AsyncIterable<string>, boundary: string): AsyncGenerator<unknown> {
  for await (const part of split(chunks, `\r\n--${boundary}`)) {
    const start = part.indexOf('\r\n\r\n');
    if (start < 0) continue;
    const payload: unknown = JSON.parse(part.slice(start));
    yield payload;
    if (!Object(payload).hasNext) return;
  }
  throw new Error(brokenOff);
}

const brokenOff = 'The connection ended before the answer.';
