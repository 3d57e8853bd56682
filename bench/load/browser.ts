// A browser with a keyring of fifty sessions, and the same accounts by their credentials in a header.
import { randomBytes } from 'node:crypto';
import { app, variants } from '../kite.ts';
import { checkAnswer, dataOf } from '../measures/check.ts';
import type { Server, Stage } from '../processes/stage.ts';
import { accountOf, bodyOf, namedAccount, type Question } from './question.ts';

/** How many sessions the keyring has. */
const sessions = 50;

/** A gateway with one browser that has logged in. Both questions ask for one account by its id. */
export interface Browser {
  readonly server: Server;
  readonly byCookie: Question;
  readonly byHeader: Question;
}

/** Starts a gateway on a store and logs fifty users in. @param store as KEYRING_STORE has it. */
export async function openBrowser(stage: Stage, store: string): Promise<Browser> {
  const server = await stage.gateway({
    ...settingsOf(store),
    KEYRING_KEYS: randomBytes(32).toString('base64'),
  });
  return browserOf(stage, server);
}

/** The settings of a gateway that users log in to. @param store as KEYRING_STORE has it. */
export function settingsOf(store: string): Readonly<Record<string, string>> {
  return {
    KITE_API_KEY: app.apiKey,
    KITE_API_SECRET: app.apiSecret,
    KEYRING_STORE: store,
    // All logins come from one address, within some seconds.
    LIMIT_LOGIN_ATTEMPTS: '100000',
  };
}

/** Logs fifty users in at a gateway, in one browser. */
export async function browserOf(stage: Stage, server: Server): Promise<Browser> {
  const users = Array.from({ length: sessions }, (_, index) => index + 1);
  const jar = await logIn(server, users);
  const cookie = `cookie: ${jar}\r\norigin: http://localhost:${server.port}`;
  const credentials = Array.from(
    { length: sessions },
    (_, index) => `authorization: token ${app.apiKey}:k${index + 1}`,
  );
  // The gateway lists the newest session first.
  const ids = (await idsFor(server, cookie)).toReversed();
  const byCookie = inTurns(ids.map((id) => ({ headers: cookie, id })));
  const byHeader = inTurns(
    await Promise.all(
      credentials.map(async (headers) => {
        const [id = ''] = await idsFor(server, headers);
        return { headers, id };
      }),
    ),
  );
  await checkAnswer(stage, server, byCookie);
  await checkAnswer(stage, server, byHeader);
  return { server, byCookie, byHeader };
}

/** Asks for one account after the other, so that few requests at once ask for the same one and share its calls. */
function inTurns(accounts: readonly { readonly headers: string; readonly id: string }[]): Question {
  const requests = accounts.map(({ headers, id }) => ({ headers, body: namedAccount(id) }));
  let asked = 0;
  return {
    body: '',
    floorPath: '',
    next() {
      asked += 1;
      return requests[asked % requests.length] ?? { headers: '' };
    },
    calls: 2,
    right({ body }) {
      // The access token of the first user ends in 1.
      const number = requests.findIndex((request) => request.body === body) + 1;
      return { account: accountOf(number % variants) };
    },
  };
}

/** What a browser calls itself, which is kept with each session. */
const userAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** Logs users in, as their browser does. @returns the browser's cookie. */
export async function logIn({ port }: Server, users: readonly number[]): Promise<string> {
  const gateway = `http://127.0.0.1:${port}`;
  const jar = new Map<string, string>();
  const cookie = () => [...jar].map((pair) => pair.join('=')).join('; ');
  const follow = async (address: string): Promise<URL> => {
    const response = await fetch(address, {
      redirect: 'manual',
      headers: { cookie: cookie(), 'user-agent': userAgent },
    });
    const location = response.headers.get('location');
    if (response.status !== 303 || location === null) {
      throw new Error(`A login was answered ${response.status}: ${await response.text()}`);
    }
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return new URL(location);
  };
  for (const user of users) {
    const broker = await follow(`${gateway}/login`);
    const parameters = new URLSearchParams(broker.searchParams.get('redirect_params') ?? '');
    parameters.set('status', 'success');
    parameters.set('request_token', String(user));
    await follow(`${gateway}/callback?${parameters}`);
  }
  return cookie();
}

/** The ids of the accounts that a request with these headers reaches, in the gateway's order. */
async function idsFor(server: Server, headers: string): Promise<readonly string[]> {
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
