// Plugin: reads operations from requests, and tells each client whose request is not one what to send instead.
//
// What comes by POST must be application/json: a form post needs no preflight, so any site could make a visitor's
// browser send one.
import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { RequestTracker } from '../request/request-tracker.ts';

/**
 * Reads GET and POST, and refuses everything else with a status, a code and a sentence.
 * @param takesIds whether a request may name a document of a list in place of sending it.
 */
export function useRequestParser(track: RequestTracker, takesIds: boolean): Plugin {
  const checked = (params: object) => checkedParams(params, takesIds);
  return {
    onRequestParse({ request, setRequestParser }) {
      const { headers, method } = request;
      const { accepted } = track(request);
      // Yoga reads no weights. Where nothing fits, the refusal is JSON all the same.
      const isAcceptable = accepted.json !== null || accepted.parts || accepted.events;
      headers.set('accept', isAcceptable ? accepted.header : 'application/json');
      if (!isAcceptable) throw refusal(406, messages.accept);
      if (method === 'GET') return setRequestParser((request) => checked(searchOf(request)));
      if (method !== 'POST') throw refusal(405, messages.method, { Allow: 'GET, POST' });
      const contentType = headers.get('content-type') ?? '';
      if (contentType.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
        throw refusal(contentType === '' ? 400 : 415, messages.contentType);
      }
      const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
      if (encoding !== 'identity') throw refusal(415, messages.contentEncoding);
      setRequestParser(async (request) => checked(await bodyOf(request)));
    },
  };
}

const messages = {
  accept:
    'The gateway has no answer in a format that the request accepts: send "Accept: application/json", ' +
    'or text/event-stream for a subscription.',
  method:
    'Send GraphQL by POST or GET. If graphql-sse sends PUT to reserve a stream, create its client without ' +
    '`singleConnection`, so that each operation has its own connection.',
  contentType: 'Send the operation as JSON, with "Content-Type: application/json".',
  contentEncoding:
    'The gateway does not read compressed bodies: send plain JSON, without Content-Encoding.',
  json: 'The body is not JSON. Send {"query": "...", "variables": {...}}.',
  object: 'The body must be one JSON object: {"query": "...", "variables": {...}}.',
  batch:
    'The gateway does not support batches: send each operation in its own request. ' +
    'Parallel requests still share their calls to Kite.',
  variables: 'The `variables` in the URL are not a JSON object.',
  documentId: 'documentId is not a string: send the hash of a document from the manifest.',
  noDocuments:
    'This gateway has no list of documents (TRUSTED_DOCUMENTS), so it does not know the document of this id: send the ' +
    'document itself as `query`.',
  operationNameType:
    'operationName is not a string: send the name of an operation in the document.',
  operationName:
    'operationName is empty: send the name of an operation in the document, or leave it out.',
};

async function bodyOf(request: Request): Promise<object> {
  const text = await request.text();
  const body = parseJson(text.startsWith('\ufeff') ? text.slice(1) : text, messages.json);
  if (Array.isArray(body)) throw refusal(400, messages.batch);
  if (typeof body !== 'object' || body === null) throw refusal(400, messages.object);
  return body;
}

function searchOf(request: Request): object {
  const { searchParams } = new URL(request.url, 'http://localhost');
  const given = (name: string) => searchParams.get(name) || undefined;
  const variables = parseJson(given('variables') ?? 'null', messages.variables);
  if (typeof variables !== 'object' || Array.isArray(variables)) {
    throw refusal(400, messages.variables);
  }
  return {
    query: given('query'),
    documentId: given('documentId'),
    operationName: given('operationName'),
    variables,
    extensions: extensionsIn(given('extensions')),
  };
}

/** What clients send as extensions changes nothing, so it need not be readable either. */
function extensionsIn(text = 'null'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseJson(text: string, message: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, message);
  }
}

function checkedParams(params: object, takesIds: boolean): GraphQLParams {
  const { query, operationName, extensions, documentId } = params as Record<string, unknown>;
  const isPersisted =
    typeof extensions === 'object' && extensions !== null && 'persistedQuery' in extensions;
  // The word on which Apollo Client sends the whole document instead, and no hash any more.
  if (query === undefined && isPersisted && !takesIds) {
    throw refusal(200, 'PersistedQueryNotSupported');
  }
  if (takesIds && documentId != null && typeof documentId !== 'string') {
    throw refusal(400, messages.documentId);
  }
  if (query === undefined && documentId !== undefined && !takesIds) {
    throw refusal(400, messages.noDocuments, undefined, 'documentId');
  }
  if (operationName === '') throw refusal(400, messages.operationName);
  if (operationName != null && typeof operationName !== 'string') {
    throw refusal(400, messages.operationNameType);
  }
  // Yoga asks for a text of every request.
  return { ...params, query: query ?? (takesIds ? '' : undefined) } as GraphQLParams;
}

function refusal(
  status: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
  field?: string,
): GraphQLError {
  const http = { status, ...(headers && { headers }) };
  return new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', retryable: false, ...(field && { field }), http },
  });
}
