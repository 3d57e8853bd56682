// Kotak's client on a simulator, both real, and what the tests of it ask.
import { onTestFinished } from 'vitest';
import type { BrokerApp } from '../../src/brokers/apps.ts';
import type { FailedCall } from '../../src/brokers/broker.ts';
import { BrokerError } from '../../src/brokers/error.ts';
import { createKotak } from '../../src/brokers/kotak/kotak.ts';
import { unlimited } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { Deadline } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { control, readLog, start } from '../simulator/helper.ts';

/** The app, by its access token. */
export const appWithToken: BrokerApp = {
  broker: 'KOTAK',
  apiKey: 'simulator-kotak',
  accessToken: new Secret('simulator-kotak-app-token'),
  listed: true,
};

/** The app, by its secret. */
export const appWithSecret: BrokerApp = {
  broker: 'KOTAK',
  apiKey: 'simulator-kotak',
  apiSecret: new Secret('simulator-kotak-secret'),
  listed: true,
};

/** How a client is made. */
export interface KotakWorldOptions {
  readonly app?: BrokerApp;
  /** The hosts that the operator allows, from the simulator's two. */
  readonly hosts?: (own: readonly [string, string]) => readonly [string, ...string[]];
  readonly now?: () => Date;
}

/** A client and the simulator that it calls; both end with the test. */
export async function startKotak({ app = appWithToken, hosts, now }: KotakWorldOptions = {}) {
  const simulator = await start();
  const own = [`${simulator.url}/kotak/apim`, `${simulator.url}/kotak-c/apim`] as const;
  const [first, ...others] = hosts?.(own) ?? own;
  const failures: FailedCall[] = [];
  const { broker, close } = createKotak({
    apps: [app],
    baseUrls: [new URL(first), ...others.map((url) => new URL(url))],
    timeoutMilliseconds: 5_000,
    maxBodyBytes: 200_000,
    maxNesting: 16,
    rateLog: unlimited,
    limits: withDefaultLimits({ refusedCredentialSeconds: 0 }),
    now: now ?? (() => new Date()),
    onFailure: (call) => failures.push(call),
  });
  onTestFinished(close);
  const operation = () => new Deadline(10_000);
  const { passwordLogin } = broker;
  if (passwordLogin === null) throw new Error('Kotak has a login by password');
  const begin = (userId: string, password = `${userId}-password`) =>
    passwordLogin.begin('simulator-kotak', userId, new Secret(password), operation());
  const complete = (begun: Awaited<ReturnType<typeof begin>>, code: string | null) =>
    passwordLogin.complete(
      'simulator-kotak',
      begun,
      code === null ? null : new Secret(code),
      operation(),
    );
  const credentialOf = (userId: string, token = `${userId}-session`) => ({
    broker: 'KOTAK' as const,
    apiKey: 'simulator-kotak',
    userId,
    accessToken: new Secret(token),
  });
  return {
    simulator,
    failures,
    begin,
    complete,
    credentialOf,
    /** The access code that the user was sent last. */
    async codeOf(userId: string): Promise<string> {
      const answer = (await control(simulator, '/kotak/messages', undefined, 'GET')) as {
        messages: { userId: string; accessCode: string }[];
      };
      return answer.messages.findLast((message) => message.userId === userId)?.accessCode ?? '';
    },
    margins: (userId: string, token?: string) =>
      broker.kotakMargins(credentialOf(userId, token), operation()),
    logOut: (userId: string, token?: string) =>
      broker.invalidateAccessToken(credentialOf(userId, token), operation()),
    broker,
    operation,
    fault: (fault: object) => control(simulator, '/faults', fault),
    /** The calls so far, such as `GET /kotak/…/init`, with the simulator's prefix of paths left out. */
    async calls(): Promise<readonly string[]> {
      const { requests } = await readLog(simulator);
      return requests.map(
        ({ method, path }) => `${method} ${path.replace('/apim/session/1.0/session/', '/')}`,
      );
    },
  };
}

/** The error that a call rejects with. */
export async function errorOf(call: Promise<unknown>): Promise<BrokerError> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof BrokerError) return error;
  throw error;
}
