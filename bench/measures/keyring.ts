// Browsers: one account of a keyring of fifty sessions, beside the same account by its credential in a header.

import { randomBytes } from 'node:crypto';
import { app, variants } from '../kite.ts';
import { accountOf, bodyOf, namedAccount, type Question, type Sent } from '../load/question.ts';
import type { Server, Stage } from '../processes/stage.ts';
import { checkAnswer, dataOf } from './check.ts';
import {
  type Absolutes,
  absolutesOf,
  inTurn,
  type Ratios,
  type RoundsOptions,
  ratiosTo,
} from './rounds.ts';

/** A browser on one store. Ratios are to the same query with a header, on the same gateway. */
export interface KeyringResult extends Ratios, Absolutes {
  readonly store: 'SQLite' | 'Redis';
}

/** How many sessions the keyring has. */
export const sessions = 50;

/** Measures a keyring on SQLite and, where this machine has it, on Redis. */
export async function measureKeyring(
  stage: Stage,
  options: RoundsOptions,
  progress: (text: string) => void,
): Promise<readonly KeyringResult[]> {
  const redis = await stage.redis();
  const stores = [
    ['SQLite', `sqlite:${stage.folder()}/keyrings.db`],
    ...(redis === null ? [] : [['Redis', redis] as const]),
  ] as const;
  const results: KeyringResult[] = [];
  for (const [store, address] of stores) {
    const settings = {
      KITE_API_KEY: app.apiKey,
      KITE_API_SECRET: app.apiSecret,
      KEYRING_STORE: address,
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      // Fifty logins from one address in some seconds.
      LIMIT_LOGIN_ATTEMPTS: '1000',
    };
    const server = await stage.gateway(settings);
    progress(`logging in on ${store}`);
    const cookie = await logIn(server);
    const browser = `cookie: ${cookie}\r\norigin: http://localhost:${server.port}`;
    const credentials = Array.from(
      { length: sessions },
      (_, index) => `authorization: token ${app.apiKey}:k${index + 1}`,
    );
    // Sessions are listed the newest first.
    const bySession = (await idsOf(server, browser)).toReversed();
    const byHeader = await Promise.all(credentials.map((headers) => idsOf(server, headers)));
    const contestants = [
      {
        name: `a header, ${store}`,
        server,
        question: inOrder(credentials.map((headers, index) => [headers, byHeader[index]?.[0]])),
      },
      {
        name: `a keyring, ${store}`,
        server,
        question: inOrder(bySession.map((id) => [browser, id])),
      },
    ];
    for (const { question } of contestants) await checkAnswer(stage, server, question);
    const [header = [], keyring = []] = await inTurn(contestants, options, progress);
    results.push({ store, ...ratiosTo(header, keyring), ...absolutesOf(keyring) });
  }
  return results;
}

/** Asks for one account after the other, so that few requests at once ask for the same and share its calls. */
function inOrder(
  accounts: readonly (readonly [headers: string, id: string | undefined])[],
): Question {
  const each = accounts.map(([headers, id = '']) => ({ headers, body: namedAccount(id) }));
  const first: Sent = { headers: '', body: '' };
  let asked = 0;
  return {
    body: '',
    floorPath: '',
    next: () => each[asked++ % each.length] ?? first,
    calls: 2,
    right: (sent) => ({
      account: accountOf((each.indexOf(sent as (typeof each)[number]) + 1) % variants),
    }),
  };
}

/** Logs fifty users in, as their browser does. @returns the cookie. */
async function logIn({ port }: Server): Promise<string> {
  const gateway = `http://127.0.0.1:${port}`;
  const jar = new Map<string, string>();
  const go = async (address: string): Promise<URL> => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(address, { redirect: 'manual', headers: { cookie } });
    const location = response.headers.get('location');
    if (response.status !== 303 || location === null) {
      throw new Error(`The login was answered ${response.status}: ${await response.text()}`);
    }
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return new URL(location);
  };
  for (let user = 1; user <= sessions; user += 1) {
    const broker = await go(`${gateway}/login`);
    const parameters = new URLSearchParams(broker.searchParams.get('redirect_params') ?? '');
    parameters.set('status', 'success');
    parameters.set('request_token', String(user));
    await go(`${gateway}/callback?${parameters}`);
  }
  return [...jar].map((pair) => pair.join('=')).join('; ');
}

/** The ids of the accounts that a request with these headers reaches, in the gateway's order. */
async function idsOf(server: Server, headers: string): Promise<readonly string[]> {
  const question: Question = {
    body: bodyOf('{ accounts { id } }'),
    floorPath: '',
    next: () => ({ headers }),
    calls: 0,
    right: () => undefined,
  };
  const data = await dataOf(server, question, question.next());
  return (data as { accounts: { id: string }[] }).accounts.map(({ id }) => id);
}
