// Every call that the gateway makes to a broker, by what makes it: the faults of the suite befall each of them.

import type { SimulatorProcess } from '../gateways/processes.ts';
import { sendJson } from '../gateways/sender.ts';

/** One call to a broker. */
export interface Endpoint {
  readonly broker: 'Kite' | 'Kotak';
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The path at the next host, where that is asked too. */
  readonly nextPath?: string;
  /** Whether the call names a user; default true. */
  readonly isOfUser?: false;
  /** Fields without which its answer makes no sense. */
  readonly needed: readonly string[];
  /** Does all that comes before the call, and gives what makes it: `OK`, or the code of what failed. */
  prepare(user: string, world: EndpointWorld): Promise<() => Promise<string>>;
}

/** What the calls are made with. */
export interface EndpointWorld {
  /** Of the gateway's GraphQL. */
  readonly url: string;
  readonly simulator: SimulatorProcess;
}

const kite = (user: string) => `token simulator:${user}-token`;
const kotak = (user: string) => `kotak simulator-kotak:${user}:${user}-session`;

/** Asks, and tells the first code of the answer, of its errors or its data; `OK` where there is none. */
async function ask(url: string, query: string, more: { variables?: unknown; as?: string } = {}) {
  const { status, text } = await sendJson(url, {
    query,
    variables: more.variables,
    ...(more.as !== undefined && { headers: { authorization: more.as } }),
  });
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  const outcome = code ?? (status === 200 && text.includes('"data"') ? 'OK' : `status ${status}`);
  return { outcome, text };
}

const result =
  '__typename ... on Session { refreshToken user { userId } } ... on ApiError { code retryable }';
const exchange = `mutation ($input: ExchangeTokenInput!) { result: exchangeToken(input: $input) { ${result} } }`;
const renew = `mutation ($input: RenewSessionInput!) { result: renewSession(input: $input) { ${result} } }`;
const begin = `mutation ($input: BeginLoginInput!) {
  result: beginLogin(input: $input) { __typename ... on LoginChallenge { id } ... on ApiError { code } }
}`;
const complete = `mutation ($input: CompleteLoginInput!) { result: completeLogin(input: $input) { ${result} } }`;
const logout = 'mutation { logout { loggedOut failures { error { code } } } }';

/** A request token, as the broker's page gives it. */
export async function requestTokenFor(simulator: SimulatorProcess, user: string, apiKey: string) {
  const response = await fetch(`${simulator.url}/connect/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ api_key: apiKey, user_id: user, decision: 'approve' }),
  });
  return new URL(response.headers.get('location') ?? '').searchParams.get('request_token') ?? '';
}

function read(
  name: string,
  path: string,
  needed: readonly string[],
  selection: string,
  broker: 'Kite' | 'Kotak' = 'Kite',
): Endpoint {
  const query = `{ account { ${selection} } }`;
  const as = broker === 'Kite' ? kite : kotak;
  return {
    ...{ broker, name, method: 'GET', path, needed },
    prepare:
      async (user, { url }) =>
      async () =>
        (await ask(url, query, { as: as(user) })).outcome,
  };
}

async function exchanged({ url, simulator }: EndpointWorld, user: string, apiKey: string) {
  const requestToken = await requestTokenFor(simulator, user, apiKey);
  return () => ask(url, exchange, { variables: { input: { requestToken, apiKey } } });
}

const end = (as: (user: string) => string): Endpoint['prepare'] => {
  return async (user, { url }) => {
    return async () => (await ask(url, logout, { as: as(user) })).outcome;
  };
};

async function begun(world: EndpointWorld, user: string) {
  const input = { apiKey: 'simulator-kotak', userId: user, password: `${user}-password` };
  const { outcome, text } = await ask(world.url, begin, { variables: { input } });
  return { outcome, challengeId: /"id":"([^"]+)"/.exec(text)?.[1] ?? '' };
}

async function accessCodeFor({ simulator }: EndpointWorld, user: string): Promise<string> {
  const { messages } = await simulator.control('GET', 'kotak/messages');
  const sent = messages.filter(({ userId }: { userId: string }) => userId === user).at(-1);
  return sent.accessCode;
}

const session = '/kotak/apim/session/1.0/session';
const init = `${session}/init`;
const kotakMargins = '/kotak/apim/margin/1.0/margin';
const beginning: Endpoint['prepare'] = async (user, world) => async () =>
  (await begun(world, user)).outcome;

/** Users of Kotak: with an access code, without one, and at the other host. */
export const kotakUsers = { withCode: 'SIMK01', withoutCode: 'SIMK03', elsewhere: 'SIMK02' };

/** The calls. */
export const endpoints: readonly Endpoint[] = [
  read('profile', '/user/profile', ['user_id'], 'user { userId email }'),
  read('margins', '/user/margins', ['equity.net'], 'margins { equity { net } commodity { net } }'),
  read('equity', '/user/margins/equity', ['net'], 'margins { equity { net } }'),
  read('commodity', '/user/margins/commodity', ['net'], 'margins { commodity { net } }'),
  {
    ...{ broker: 'Kite', name: 'exchange', method: 'POST', path: '/session/token' },
    needed: ['access_token'],
    async prepare(user, world) {
      const go = await exchanged(world, user, 'simulator');
      return async () => (await go()).outcome;
    },
  },
  {
    ...{ broker: 'Kite', name: 'renewal', method: 'POST', path: '/session/refresh_token' },
    needed: ['access_token'],
    async prepare(user, world) {
      const apiKey = 'simulator-platform';
      const { text } = await (await exchanged(world, user, apiKey))();
      const refreshToken = /"refreshToken":"([^"]+)"/.exec(text)?.[1] ?? '';
      const variables = { input: { apiKey, refreshToken } };
      return async () => (await ask(world.url, renew, { variables })).outcome;
    },
  },
  {
    ...{ broker: 'Kite', name: 'logout', method: 'DELETE', path: '/session/token' },
    needed: ['anything'],
    prepare: end(kite),
  },
  {
    ...{ broker: 'Kotak', name: 'app token', method: 'POST', path: '/kotak/apim/token' },
    ...{ needed: ['access_token'], isOfUser: false },
    async prepare(user, world) {
      // With the token that it has, the gateway would make none: the broker refuses it once.
      const refusal = { kind: 'error-envelope', status: 401, code: 900901, message: 'Invalid' };
      await world.simulator.fault({ ...refusal, path: kotakMargins, userId: user, times: 1 });
      await ask(world.url, '{ account { kotakMargins { equity { exchange } } } }', {
        as: kotak(user),
      });
      return beginning(user, world);
    },
  },
  {
    ...{ broker: 'Kotak', name: 'init', method: 'GET', path: init },
    nextPath: init.replace('kotak', 'kotak-c'),
    needed: ['redirect.host'],
    prepare: beginning,
  },
  {
    ...{ broker: 'Kotak', name: 'password', method: 'POST', path: `${session}/login/userid` },
    needed: ['oneTimeToken'],
    prepare: beginning,
  },
  {
    ...{ broker: 'Kotak', name: 'code', method: 'POST', path: `${session}/2FA/accesscode` },
    needed: ['sessionToken'],
    async prepare(user, world) {
      const { challengeId } = await begun(world, user);
      const accessCode = await accessCodeFor(world, user);
      const variables = { input: { challengeId, accessCode } };
      return async () => (await ask(world.url, complete, { variables })).outcome;
    },
  },
  {
    ...{ broker: 'Kotak', name: 'no code', method: 'POST', path: `${session}/2FA/oneTimeToken` },
    needed: ['sessionToken'],
    async prepare(user, world) {
      const { challengeId } = await begun(world, user);
      const variables = { input: { challengeId } };
      return async () => (await ask(world.url, complete, { variables })).outcome;
    },
  },
  read('Kotak margins', kotakMargins, ['equity'], 'kotakMargins { equity { exchange } }', 'Kotak'),
  {
    ...{ broker: 'Kotak', name: 'Kotak logout', method: 'DELETE', path: `${session}/logout` },
    needed: ['message'],
    prepare: end(kotak),
  },
];
