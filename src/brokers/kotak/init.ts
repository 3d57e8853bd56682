// The first step of a login: which host serves the user, found by asking the hosts in their order.
import { BrokerError, notSupported } from '../error.ts';
import type { Operation } from '../upstream/operation.ts';
import type { KotakCaller } from './call.ts';
import { hostAdvice, OtherHost } from './envelope.ts';
import type { KotakHosts } from './hosts.ts';
import { parseInit } from './session.ts';

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
        askHost(call, apiKey, userId, baseUrl, operation),
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
  hosts: KotakHosts,
  start: URL,
  ask: (host: URL) => Promise<string | null>,
): Promise<URL> {
  let host = start;
  for (let redirects = 0; redirects <= hosts.maxRedirects; redirects += 1) {
    const address = await ask(host);
    if (address === null) return host;
    const next = hosts.find(address);
    if (next === host) return host;
    if (next === null) throw new BrokerError('app-secret', { status: 200, advice: hostAdvice });
    host = next;
  }
  const advice = 'The hosts of the broker redirect to each other. Try again later.';
  throw new BrokerError('other', { status: 200, advice });
}

/** Asks one host; the address that it names, or null where it names none. */
async function askHost(
  call: KotakCaller,
  apiKey: string,
  userId: string,
  baseUrl: URL,
  operation: Operation,
): Promise<string | null> {
  const path = '/session/1.0/session/init';
  const request = {
    step: 'init',
    method: 'GET',
    path,
    headers: { userid: userId },
    baseUrl,
  } as const;
  try {
    const { redirectHost, isOpen, isPlain } = await call(apiKey, request, operation, parseInit);
    if (!isOpen) {
      const advice = 'The broker says that this account is closed or not active. Ask the broker.';
      throw new BrokerError('permission', { status: 200, advice });
    }
    if (!isPlain) {
      throw notSupported(
        'The broker asks for an encrypted password, which this gateway does not send.',
      );
    }
    return redirectHost;
  } catch (error) {
    if (error instanceof OtherHost) return error.address;
    throw error;
  }
}
