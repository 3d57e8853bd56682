// Who is asking: strategies in order, each of which applies or does not. One that applies and cannot
// read its input refuses the whole request, and never echoes what it could not read.
import { GraphQLError } from 'graphql';
import type { CredentialScheme } from '../../brokers/broker.ts';
import type { Credential } from '../../brokers/credential.ts';

/** Who is asking, as the request's headers say it. */
export interface Credentials {
  /** In the order they came; equal pairs once. */
  readonly credentials: readonly Credential[];
  /** An Authorization scheme other than the brokers'; null if there is no such scheme or it is unsafe to repeat. */
  readonly foreignScheme: string | null;
}

/**
 * Reads the request's credentials.
 * @param schemes how brokers' credentials are written; elements of several may stand in one list.
 * @throws BAD_USER_INPUT, with HTTP 400, for an Authorization header in a broker's scheme that cannot be read.
 */
export function readCredentials(
  headers: Headers,
  schemes: readonly [CredentialScheme, ...CredentialScheme[]],
  maxCredentials: number,
): Credentials {
  const header = headers.get('authorization')?.trim() ?? '';
  const elements = header.split(',').map((element) => element.trim());
  const schemeOf = (element: string) => schemes.find((scheme) => scheme.applies(element));
  if (!elements.some(schemeOf)) {
    return { credentials: [], foreignScheme: /^([A-Za-z]{1,32}) /.exec(header)?.[1] ?? null };
  }
  const [only = ''] = elements;
  const single = elements.length === 1 ? schemeOf(only)?.read(only) : null;
  if (single != null) return { credentials: [single], foreignScheme: null };
  const credentials = new Map<string, Credential>();
  for (const [index, element] of elements.entries()) {
    const scheme = schemeOf(element) ?? schemes[0];
    const credential = scheme.read(element);
    if (credential === null) throw unreadable(scheme, index, elements.length);
    const { broker = '', apiKey, userId = '', accessToken } = credential;
    const key = `${broker}:${apiKey}:${userId}:${accessToken.reveal()}`;
    if (!credentials.has(key)) credentials.set(key, credential);
    if (credentials.size > maxCredentials) throw tooMany(maxCredentials);
  }
  return { credentials: [...credentials.values()], foreignScheme: null };
}

function unreadable({ form }: CredentialScheme, index: number, count: number): GraphQLError {
  const which = count === 1 ? 'The credential' : `Credential ${index + 1} of ${count}`;
  return refusal(
    `${which} in the Authorization header cannot be read. Write "${form}", ` +
      'several separated by commas; keys and tokens are 1 to 128 letters, digits, dots, dashes and underscores.',
  );
}

function tooMany(maxCredentials: number): GraphQLError {
  return refusal(`Too many credentials: ${maxCredentials} are allowed in a request.`);
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', retryable: false, http: { status: 400 } },
  });
}
