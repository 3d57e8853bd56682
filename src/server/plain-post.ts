// Requests in the form that nearly all have: one operation as JSON in the body of a POST to the GraphQL address.
// They are recognised at node:http's own objects; one about which anything is unusual is not plain.
import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';

const contentType = /^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Whether a request looks plain, as far as its head tells. A request whose body is already being read is not plain.
 * @param longestBody bytes; a longer body is not plain, nor one of unknown length.
 */
export function isPlainPost(
  { method, url, headers, httpVersionMajor, readableDidRead }: IncomingMessage,
  endpoint: string,
  longestBody: number,
): boolean {
  const length = headers['content-length'] ?? '';
  return (
    method === 'POST' &&
    url === endpoint &&
    contentType.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    /^[1-9]\d{0,8}$/.test(length) &&
    Number(length) <= longestBody &&
    httpVersionMajor === 1 &&
    !readableDidRead
  );
}

/** The body as text; null where its sender leaves before the end. */
export function textOf(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => {
        const [first] = chunks;
        const bytes = chunks.length === 1 && first ? first : Buffer.concat(chunks);
        resolve(bytes.toString());
      })
      .once('error', () => resolve(null));
  });
}

/** The operation in a body; null if the body is not one, is unusual, or may have an incremental answer. */
export function operationIn(text: string): GraphQLParams | null {
  try {
    const operation: unknown = JSON.parse(text);
    return isPlainOperation(operation) ? operation : null;
  } catch {
    return null;
  }
}

/** Words without which a document holds neither `@defer` nor a subscription. */
const inParts = /defer|subscription/;

function isPlainOperation(value: unknown): value is GraphQLParams {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { query, variables, operationName, extensions, ...others } = value as Record<
    string,
    unknown
  >;
  return (
    typeof query === 'string' &&
    !inParts.test(query) &&
    isObjectOrNone(variables) &&
    // What they hold changes nothing.
    isObjectOrNone(extensions) &&
    (operationName == null || (typeof operationName === 'string' && operationName !== '')) &&
    Object.keys(others).length === 0
  );
}

function isObjectOrNone(value: unknown): boolean {
  return value == null || (typeof value === 'object' && !Array.isArray(value));
}
