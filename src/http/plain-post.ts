// Requests in the form that nearly all have: one operation as JSON in the body of a POST to the GraphQL address.
// They are recognised at node:http's own objects; one about which anything is unusual is not plain.
import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';

const contentTypes = new Set(['application/json', 'application/json; charset=utf-8']);

/**
 * Whether a request looks plain, as far as its head tells. One whose body somebody else has begun to read does not.
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
    contentTypes.has(headers['content-type'] ?? '') &&
    /^[1-9]\d{0,8}$/.test(length) &&
    Number(length) <= longestBody &&
    httpVersionMajor === 1 &&
    !readableDidRead
  );
}

/**
 * The media type in which a result that comes whole is answered: the one accepted first, where that is one of JSON's or
 * any at all. Null where it is another.
 */
export function jsonTypeFor(accept = '*/*'): string | null {
  const end = accept.indexOf(',');
  const first = (end === -1 ? accept : accept.slice(0, end)).trim();
  if (first === '*/*' || first === 'application/json') return 'application/json';
  return first === 'application/graphql-response+json' ? first : null;
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

/** The operation that a body asks for; null where it is none, or holds anything unusual. */
export function operationIn(text: string): GraphQLParams | null {
  try {
    const operation: unknown = JSON.parse(text);
    return isPlainOperation(operation) ? operation : null;
  } catch {
    return null;
  }
}

function isPlainOperation(value: unknown): value is GraphQLParams {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { query, variables, operationName, ...others } = value as Record<string, unknown>;
  return (
    typeof query === 'string' &&
    (variables == null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    (operationName == null || typeof operationName === 'string') &&
    Object.keys(others).length === 0
  );
}
