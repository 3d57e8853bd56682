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
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly timeoutMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends an operation, and yields what the gateway answers.
 * @throws Failure where there is no answer, or an answer that is not GraphQL or breaks off.
 */
export async function* post(body: object, settings: PostSettings): AsyncGenerator<ReceivedPayload> {
  const { url, credentials, headers, signal, timeoutMilliseconds } = settings;
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
  const fail = (cause: unknown) => {
    if (cause instanceof Failure) return cause;
    const fields = { httpStatus, retryable: true };
    let error: ClientError;
    if (signal?.aborted) {
      error = { ...fields, code: 'ABORTED', retryable: false, message: 'The request was aborted.' };
    } else if (isLate) {
      error = { ...fields, code: 'TIMED_OUT', message: 'The gateway did not answer in time.' };
    } else {
      const message = 'The gateway cannot be reached, or the connection broke off.';
      error = { ...fields, code: 'NETWORK_FAILED', cause, message };
    }
    return new Failure(error);
  };
  try {
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    wait();
    const response = await settings.fetch(url, {
      method: 'POST',
      credentials,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: controller.signal,
      // Another origin would get the variables and the headers.
      redirect: 'error',
    });
    httpStatus = response.status;
    const contentType = response.headers.get('content-type') ?? '';
    const chunks = textOf(response, wait);
    const mediaType = contentType.split(';')[0]?.trim().toLowerCase();
    const payloads =
      mediaType === 'text/event-stream'
        ? eventsIn(chunks)
        : mediaType === 'multipart/mixed'
          ? partsIn(chunks, /boundary="?([^";]*)/i.exec(contentType)?.[1] ?? '-')
          : answerIn(chunks, response);
    for await (const payload of payloads) yield { payload, httpStatus };
  } catch (cause) {
    throw fail(cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    abort();
  }
}

async function* textOf({ body }: Response, onChunk: () => void): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onChunk();
    yield decoder.decode(value, { stream: true });
  }
}

/** An answer in one piece. */
async function* answerIn(
  chunks: AsyncIterable<string>,
  { status, headers }: Response,
): AsyncGenerator<Payload> {
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
    throw new Failure({
      code: 'NOT_GRAPHQL',
      message: `The answer is not GraphQL: HTTP ${status}, ${contentType || 'without a media type'}.`,
      retryable: status >= 500 || status === 429,
      httpStatus: status,
      contentType,
      ...(retryAfterSeconds >= 0 && { retryAfterSeconds }),
    });
  }
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
}

/** The pieces of a text that an end follows. What follows the last end is not yielded. */
async function* split(chunks: AsyncIterable<string>, end: string): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of chunks) {
    const pieces = (text + chunk).split(end);
    text = pieces.pop() ?? '';
    yield* pieces;
  }
}

/** The events of a stream, up to `event: complete`. @throws Error where the stream ends without it. */
async function* eventsIn(chunks: AsyncIterable<string>): AsyncGenerator<Payload> {
  for await (const event of split(chunks, '\n\n')) {
    if (/^event: ?complete$/m.test(event)) return;
    const data = /^data: ?(.+)$/m.exec(event)?.[1];
    if (data) yield JSON.parse(data);
  }
  throw new Error(brokenOff);
}

/** The parts of an answer, up to the last. @throws Error where the answer ends before. */
async function* partsIn(chunks: AsyncIterable<string>, boundary: string): AsyncGenerator<Payload> {
  for await (const part of split(chunks, `\r\n--${boundary}`)) {
    const start = part.indexOf('\r\n\r\n');
    if (start < 0) continue;
    const payload: Payload = JSON.parse(part.slice(start));
    yield payload;
    if (!payload.hasNext) return;
  }
  throw new Error(brokenOff);
}

const brokenOff = 'The connection ended before the answer.';
