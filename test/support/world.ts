// A gateway on a simulator, both on real sockets, and what a test asks of them.
import { afterAll } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { listen } from '../../src/server/listen.ts';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import type { TypedDocumentString } from '../generated/graphql.ts';

/** Half past three in the afternoon in India: far from six in the morning, whatever the real time is. */
export const startOfTime = new Date('2026-01-05T15:30:00+05:30');

/** What came back for one operation. */
export interface Answer<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data | null | undefined;
  readonly errors: readonly AnswerError[];
  /** The body as it was sent, for searches. */
  readonly text: string;
}

/** One entry of `errors`, as this gateway promises it. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: {
    readonly code: string;
    readonly retryable: boolean;
    readonly requestId: string;
    readonly accountId?: string;
    readonly loginUrl?: string;
    readonly retryAfterSeconds?: number;
    readonly field?: string;
    readonly broker?: {
      readonly name: string;
      readonly errorType: string | null;
      readonly status: number | null;
      readonly message: string | null;
    };
  };
}

/** One upstream call, as the simulator saw it. */
export interface UpstreamCall {
  readonly time: string;
  readonly monotonicMilliseconds: number;
  readonly method: string;
  readonly path: string;
  readonly userId: string | null;
  readonly apiKey: string | null;
  readonly status: number | null;
}

/** The simulator's default apps that the gateway holds the secrets of. */
export const apps = [
  { apiKey: 'simulator', apiSecret: 'simulator-secret', name: 'Simulator', listed: true },
  { apiKey: 'simulator-platform', apiSecret: 'simulator-platform-secret', name: 'Platform' },
];

/** The simulator's app of Kotak. */
export const kotakApp = {
  broker: 'KOTAK',
  apiKey: 'simulator-kotak',
  accessToken: 'simulator-kotak-app-token',
  name: 'Kotak',
  listed: true,
} as const;

/** Header credentials of simulated users of Kotak, such as `SIMK01`. */
export function kotakTokens(...userIds: readonly string[]): string {
  return userIds.map((id) => `kotak simulator-kotak:${id}:${id}-session`).join(', ');
}

/** Header credentials of simulated users: `SIM0001` becomes `token simulator:SIM0001-token`. */
export function tokens(...userIds: readonly string[]): string {
  return userIds.map((userId) => `token simulator:${userId}-token`).join(', ');
}

/** Starts a gateway on a simulator for the tests of a file, and stops both after them. */
export async function startWorld(
  options: GatewayOptions = {},
  simulated: SimulatorOptions = {},
  port = 0,
) {
  const simulator = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime, ...simulated });
  const gateway = createGateway({
    apps,
    kiteBaseUrl: simulator.url,
    kiteLoginUrl: `${simulator.url}/connect/login`,
    kotakBaseUrls: [`${simulator.url}/kotak/apim`, `${simulator.url}/kotak-c/apim`],
    exposeTokens: true,
    // The limit has tests of its own; the others need not wait.
    kiteRateLimit: 0,
    introspection: true,
    ...options,
    // Tests of a file share users, and the simulator revives tokens, which Kite never does.
    limits: { refusedCredentialSeconds: 0, ...options.limits },
  });
  const server = await listen(gateway, '127.0.0.1', port);
  const url = `http://127.0.0.1:${server.port}/graphql`;
  afterAll(async () => {
    await server.close(0);
    await gateway.dispose();
    await simulator.close();
  });

  const control = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${simulator.url}/simulator/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  };

  return {
    url,
    simulator,
    gateway,
    /** Asks a typed operation. */
    ask: <Data, Variables>(
      document: TypedDocumentString<Data, Variables>,
      settings: AskSettings<Variables> = {},
    ): Promise<Answer<Data>> => post(url, document.toString(), settings),
    /** Asks whatever text it is given, for what types would forbid. */
    askRaw: (query: string, settings: AskSettings<unknown> = {}) =>
      // biome-ignore lint/suspicious/noExplicitAny: the text may be anything, and so may its answer.
      post<any>(url, query, settings),
    /** Makes something go wrong at the simulator. */
    fault: (fault: Record<string, unknown>) => control('POST', 'faults', fault),
    clearFaults: () => control('DELETE', 'faults'),
    advance: (advanceSeconds: number) => control('POST', 'clock', { advanceSeconds }),
    /** Makes margins change. */
    payIn: (
      userId: string,
      segment: 'equity' | 'commodity',
      rupees: number,
    ): Promise<{ net: number }> => control('POST', 'pay-ins', { userId, segment, rupees }),
    reset: () => control('POST', 'reset'),
    /** How many calls the simulator has seen since `calls`. */
    async arrived(): Promise<number> {
      const { requests } = (await control('GET', 'requests')) as { requests: UpstreamCall[] };
      return requests.length;
    },
    /** The calls that the simulator has seen since it was last asked. */
    async calls(): Promise<readonly UpstreamCall[]> {
      const { requests } = (await control('GET', 'requests')) as { requests: UpstreamCall[] };
      await control('DELETE', 'requests');
      return requests;
    },
  };
}

/** How an operation is sent. */
export interface AskSettings<Variables> {
  readonly variables?: Variables;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

async function post<Data>(
  url: string,
  query: string,
  { variables, authorization, headers, signal }: AskSettings<unknown>,
): Promise<Answer<Data>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  const { data, errors = [] } = text === '' ? {} : JSON.parse(text);
  return { status: response.status, headers: response.headers, data, errors, text };
}
