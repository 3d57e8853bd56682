// Each broker as the suites that hold for every broker see it: how its simulated user logs in, what reads and ends the
// session, and how it refuses. A third broker is one more of these.
import { requestTokenOf } from './login.ts';
import type { Visitor } from './visitor.ts';
import { type Answer, kotakTokens, type startWorld, tokens } from './world.ts';

type World = Awaited<ReturnType<typeof startWorld>>;

/** What the last step of a login answers, as far as suites select it. */
export interface LastStep {
  readonly result: {
    readonly __typename: string;
    readonly code?: string;
    readonly message?: string;
    readonly retryable?: boolean;
    readonly id?: string;
  };
}

/** One broker and one of its simulated users. */
export interface BrokerSubject {
  readonly broker: 'KITE' | 'KOTAK';
  readonly apiKey: string;
  readonly userId: string;
  readonly userName: string;
  /** An Authorization header of the same user. */
  readonly authorization: string;
  /** What a query of the account selects so that the broker is called once, and that call. */
  readonly selection: string;
  /** What that gave of an account; null or undefined where it gave nothing. */
  // biome-ignore lint/suspicious/noExplicitAny: the selection is any text.
  readonly selected: (account: any) => unknown;
  readonly read: { readonly method: 'GET'; readonly path: string };
  /** The call that ends a session. */
  readonly end: { readonly method: 'DELETE'; readonly path: string };
  /** The call of the login's last step, and the field of its answer without which there is no session. */
  readonly lastCall: { readonly method: 'POST'; readonly path: string };
  readonly tokenField: string;
  /** How the broker answers where it accepts a session no more. */
  readonly refusal: object;
  /**
   * Logs the user in with the cookie of a browser, by mutations.
   * @param isRight whether the last step gives what the broker accepts.
   * @param before called before the last step.
   */
  logIn(
    world: World,
    visitor: Visitor,
    isRight?: boolean,
    before?: () => Promise<unknown>,
  ): Promise<Answer<LastStep>>;
  /** The first call of a login for a caller without a cookie, and its path. */
  readonly firstCall: { readonly path: string };
  beginForCaller(world: World): Promise<Answer<LastStep>>;
  /** What was secret in the logins so far. */
  readonly secrets: Set<string>;
}

/** What every suite selects of a login's result. */
export const loginResult = `
  __typename
  ... on Session {
    id broker apiKey state active accessToken expiresAt assuranceLevel authenticatedAt loginTime
    authenticationMethods { method assuranceLevel completedAt provider }
    user { userId userName userShortname email userType broker exchanges products orderTypes avatarUrl meta { dematConsent } }
    account { id label broker }
  }
  ... on ApiError { code message retryable }
`;

const exchange = `mutation ($input: ExchangeTokenInput!) { result: exchangeToken(input: $input) { ${loginResult} } }`;
const beginLogin = `mutation ($input: BeginLoginInput!) {
  result: beginLogin(input: $input) { __typename ... on LoginChallenge { id } ... on ApiError { code message retryable } }
}`;
const completeLogin = `mutation ($input: CompleteLoginInput!) { result: completeLogin(input: $input) { ${loginResult} } }`;

const kiteSecrets = new Set(['simulator-secret']);

/** Kite, by its login page. */
export const kite: BrokerSubject = {
  broker: 'KITE',
  apiKey: 'simulator',
  userId: 'SIM0001',
  userName: 'Meenakshi Deshpande',
  authorization: tokens('SIM0001'),
  selection: 'user { email }',
  selected: ({ user }) => user?.email,
  read: { method: 'GET', path: '/user/profile' },
  end: { method: 'DELETE', path: '/session/token' },
  lastCall: { method: 'POST', path: '/session/token' },
  tokenField: 'access_token',
  refusal: {
    kind: 'error-envelope',
    errorType: 'TokenException',
    status: 403,
    message: 'Incorrect `api_key` or `access_token`.',
  },
  async logIn(world, visitor, isRight = true, before = async () => undefined) {
    const login = `${new URL(world.url).origin}/login?app=simulator`;
    const { searchParams } = new URL(await visitor.logInAtKite(login, 'SIM0001'));
    const given = searchParams.get('request_token') ?? '';
    const requestToken = isRight ? given : 'token-that-was-never-issued';
    kiteSecrets.add(requestToken);
    await before();
    return visitor.askRaw(exchange, { input: { requestToken, state: searchParams.get('state') } });
  },
  firstCall: { path: '/session/token' },
  async beginForCaller(world) {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    return world.askRaw(exchange, { variables: { input: { requestToken, apiKey: 'simulator' } } });
  },
  secrets: kiteSecrets,
};

const session = '/kotak/apim/session/1.0/session';
const kotakSecrets = new Set(['SIMK01-password', 'simulator-kotak-app-token']);
const password = { userId: 'SIMK01', password: 'SIMK01-password', apiKey: 'simulator-kotak' };

/** Kotak, by a password and the access code that it sends. */
export const kotak: BrokerSubject = {
  broker: 'KOTAK',
  apiKey: 'simulator-kotak',
  userId: 'SIMK01',
  userName: 'Ishita Wangchuk',
  authorization: kotakTokens('SIMK01'),
  selection: 'kotakMargins { equity { exchange } }',
  selected: ({ kotakMargins }) => kotakMargins,
  read: { method: 'GET', path: '/kotak/apim/margin/1.0/margin' },
  end: { method: 'DELETE', path: `${session}/logout` },
  lastCall: { method: 'POST', path: `${session}/2FA/accesscode` },
  tokenField: 'sessionToken',
  refusal: {
    kind: 'error-envelope',
    code: 99999,
    status: 403,
    message: 'You have been logged out. Login again',
  },
  async logIn(world, visitor, isRight = true, before = async () => undefined) {
    const challengeId = await beginAtKotak(visitor, 'SIMK01');
    const code = await accessCodeOf(world, 'SIMK01');
    const other = String((Number(code) + 1) % 10_000).padStart(4, '0');
    await before();
    return completeAtKotak(visitor, challengeId, isRight ? code : other);
  },
  firstCall: { path: `${session}/init` },
  beginForCaller: (world) => world.askRaw(beginLogin, { variables: { input: password } }),
  secrets: kotakSecrets,
};

/** Gives the password of a simulated user of Kotak; the challenge's id. */
export async function beginAtKotak(visitor: Visitor, userId: string): Promise<string> {
  const input = { userId, password: `${userId}-password`, apiKey: 'simulator-kotak' };
  const begun = await visitor.askRaw<LastStep>(beginLogin, { input });
  const challengeId = begun.data?.result.id;
  if (challengeId === undefined) throw new Error(`no challenge: ${begun.text}`);
  return challengeId;
}

/** Gives the access code, or no code. */
export function completeAtKotak(
  visitor: Visitor,
  challengeId: string,
  accessCode: string | null,
): Promise<Answer<LastStep>> {
  const code = accessCode === null ? {} : { accessCode };
  return visitor.askRaw<LastStep>(completeLogin, { input: { challengeId, ...code } });
}

/** Logs a simulated user of Kotak in with the cookie of a browser. */
export async function logInAtKotak(
  world: World,
  visitor: Visitor,
  userId: string,
): Promise<Answer<LastStep>> {
  const challengeId = await beginAtKotak(visitor, userId);
  // The third user needs no code.
  const code = userId === 'SIMK03' ? null : await accessCodeOf(world, userId);
  return completeAtKotak(visitor, challengeId, code);
}

/** The access code that a simulated user of Kotak was sent last. */
export async function accessCodeOf(world: World, userId: string): Promise<string> {
  const response = await fetch(`${world.simulator.url}/simulator/kotak/messages`);
  const { messages } = (await response.json()) as {
    messages: readonly { readonly userId: string; readonly accessCode: string }[];
  };
  const sent = messages.findLast((message) => message.userId === userId);
  if (sent === undefined) throw new Error(`no access code was sent to ${userId}`);
  return sent.accessCode;
}
