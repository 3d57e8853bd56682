// The first step of a login: which host serves the user, found by asking the hosts in their order.
import { BrokerError, notSupported } from '../error.ts';
import type { Operation } from '../upstream/operation.ts';
import type { KotakCaller } from './call.ts';
import { OtherHost } from './envelope.ts';
import type { KotakHosts } from './hosts.ts';
import { type InitAnswer, parseInit } from './session.ts';

/**
 * The host that serves a user.
 * @throws BrokerError the first failure, where no host answers; at once where the answer is about the user.
 */
export async function findHost(
  hosts: KotakHosts,
  call: KotakCaller,
  apiKey: string,
  userId: string,
  operation: Operation,
): Promise<URL> {
  let first: unknown = null;
  for (const host of hosts.all) {
    try {
      return await follow(hosts, host, (baseUrl) =>
        askHost(hosts, call, apiKey, userId, baseUrl, operation),
      );
    } catch (error) {
      first ??= error;
      if (operation.signal.aborted || !mayAnotherAnswer(error)) throw first;
    }
  }
  throw first;
}

/** Whether a failure says something of the host, and not of the user or the app. A host can refuse a token that another one takes. */
function mayAnotherAnswer(error: unknown): boolean {
  if (!(error instanceof BrokerError)) return false;
  const { code, status } = error;
  return (
    code === 'unavailable' ||
    code === 'timeout' ||
    code === 'invalid-response' ||
    code === 'other' ||
    status === 401
  );
}

async function follow(
  { maxRedirects }: KotakHosts,
  start: URL,
  ask: (host: URL) => Promise<URL | null>,
): Promise<URL> {
  let host = start;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const next = await ask(host);
    if (next === null || next === host) return host;
    host = next;
  }
  const advice = 'The hosts of the broker redirect to each other. Try again later.';
  throw new BrokerError('other', { status: 200, advice });
}

/** Asks one host; the host that it names, or null where it names none. @throws OtherHost for one that is not allowed. */
async function askHost(
  hosts: KotakHosts,
  call: KotakCaller,
  apiKey: string,
  userId: string,
  baseUrl: URL,
  operation: Operation,
): Promise<URL | null> {
  const path = '/session/1.0/session/init';
  const headers = { userid: userId };
  try {
    const request = { step: 'init', method: 'GET', path, headers, baseUrl } as const;
    const { redirectHost } = await call(apiKey, request, operation, (data) => {
      const answer = parseInit(data);
      if (answer !== null) checkAnswer(answer, hosts);
      return answer;
    });
    return redirectHost === null ? null : hosts.find(redirectHost);
  } catch (error) {
    const host = error instanceof OtherHost ? hosts.find(error.address) : null;
    if (host === null) throw error;
    return host;
  }
}

/** @throws BrokerError where the login cannot go on. */
function checkAnswer({ redirectHost, isOpen, isPlain }: InitAnswer, hosts: KotakHosts): void {
  if (!isOpen) {
    const advice = 'The broker says that this account is closed or not active. Ask the broker.';
    throw new BrokerError('permission', { status: 200, advice });
  }
  if (!isPlain) {
    throw notSupported(
      'The broker asks for an encrypted password, which this gateway does not send.',
    );
  }
  if (redirectHost !== null && hosts.find(redirectHost) === null) {
    throw new OtherHost(redirectHost, { status: 200 });
  }
}
