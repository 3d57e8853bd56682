// The gateway's own login page: what its forms take, what they say where a step fails, and whom they refuse.
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

let now = startOfTime;
const lines: string[] = [];
const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
const options = { apps: [...apps, kotakApp], now: () => now, logger, exposeTokens: false };
const manyTries = { passwordTries: 1_000, passwordTriesPerUser: 1_000 };
const world = await startWorld({ ...options, limits: manyTries });
const origin = new URL(world.url).origin;
const gateway = 'http://localhost:4000';
const loginUrl = (returnTo = '/app') =>
  `${origin}/login?app=simulator-kotak&returnTo=${encodeURIComponent(returnTo)}`;

beforeEach(async () => {
  now = startOfTime;
  lines.length = 0;
  await world.reset();
  await world.clearFaults();
  await world.calls();
});

/** What a form holds that its user does not type. */
const hiddenIn = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );
const alertIn = (text: string) => /<p class="error" role="alert" id="([\w-]+)">([^<]*)</.exec(text);
const ownForm = { origin: gateway, 'sec-fetch-site': 'same-origin' };

/** Sends a form as a browser would. */
async function send(
  visitor: Visitor,
  fields: Record<string, string>,
  headers: Record<string, string> = ownForm,
  to = origin,
) {
  return visitor.post(`${to}/login`, fields, headers);
}

/** Gives the password; the page that asks for the code. */
async function givePassword(visitor: Visitor, userId: string, password = `${userId}-password`) {
  const opened = await visitor.visit(loginUrl());
  const answer = await send(visitor, { ...hiddenIn(opened.text), userId, password });
  if (answer.location === null) return { answer, next: null };
  return { answer, next: await visitor.visit(answer.location.replace(gateway, origin)) };
}

async function codeOf(userId: string): Promise<string> {
  const response = await fetch(`${world.simulator.url}/simulator/kotak/messages`);
  const { messages } = (await response.json()) as {
    messages: { userId: string; accessCode: string }[];
  };
  return messages.findLast((message) => message.userId === userId)?.accessCode ?? '';
}

const wrong = (code: string) => String(1_000 + ((Number(code) - 1_000 + 1) % 9_000));

const accountsOf = async (visitor: Visitor) => {
  const query = '{ accounts { broker user { userId } } }';
  type Accounts = { accounts: { broker: string; user: { userId: string } }[] | null };
  return (await visitor.askRaw<Accounts>(query)).data?.accounts ?? [];
};

test('password and code lead to a session in the keyring and back to the page that asked', async () => {
  const visitor = new Visitor(origin, gateway);
  const opened = await visitor.visit(loginUrl());
  expect(opened.text).toContain('Log in to Kotak Securities');
  expect(opened.text).toMatch(/name="userId" type="text" autocomplete="username"/);
  expect(opened.text).toMatch(/name="password" type="password" autocomplete="current-password"/);
  const { answer, next } = await givePassword(visitor, 'SIMK02');
  expect(answer.status).toBe(303);
  expect(next?.text).toMatch(/<strong>X+\d{3}<\/strong> and <strong>X+@kotak.example<\/strong>/);
  expect(next?.text).toMatch(/autocomplete="one-time-code".*inputmode="numeric"/);
  const code = await codeOf('SIMK02');
  // As people copy it.
  const spaced = ` ${code.slice(0, 2)} ${code.slice(2)} `;
  const done = await send(visitor, { ...hiddenIn(next?.text ?? ''), code: spaced });
  expect([done.status, done.location]).toEqual([303, `${gateway}/app`]);
  expect([...visitor.cookies.keys()].filter((name) => !name.includes('-login-'))).toEqual([
    'kite_graphql',
  ]);
  expect(await accountsOf(visitor)).toEqual([{ broker: 'KOTAK', user: { userId: 'SIMK02' } }]);
});

test('a user without a code goes on without one', async () => {
  const visitor = new Visitor(origin, gateway);
  const { next } = await givePassword(visitor, 'SIMK03');
  const done = await send(visitor, { ...hiddenIn(next?.text ?? ''), code: '', waived: 'yes' });
  expect(done.location).toBe(`${gateway}/app`);
  expect(await accountsOf(visitor)).toHaveLength(1);
});

test('a form that is sent twice at once logs in once', async () => {
  const visitor = new Visitor(origin, gateway);
  const { next } = await givePassword(visitor, 'SIMK01');
  const fields = { ...hiddenIn(next?.text ?? ''), code: await codeOf('SIMK01') };
  const both = await Promise.all([send(visitor, fields), send(visitor, fields)]);
  expect(both.map(({ location }) => location)).toEqual([`${gateway}/app`, `${gateway}/app`]);
  const calls = await world.calls();
  expect(calls.filter(({ path }) => path.endsWith('/2FA/accesscode'))).toHaveLength(1);
});

describe('what fails is said at the field, in words', () => {
  test.each([
    ['no user id', { userId: '', password: 'x' }, 'userId', /Enter your user id/],
    ['a user id with a space', { userId: 'a b', password: 'x' }, 'userId', /without spaces/],
    ['no password', { userId: 'SIMK01', password: '' }, 'password', /Enter your password/],
  ])('%s, without a call', async (_what, fields, field, words) => {
    const visitor = new Visitor(origin, gateway);
    const opened = await visitor.visit(loginUrl());
    const { status, text } = await send(visitor, { ...hiddenIn(opened.text), ...fields });
    expect(status).toBe(400);
    expectErrorAt(text, field, words);
    expect(await world.calls()).toEqual([]);
    expect(lines.filter((line) => line.includes('Login refused'))).toHaveLength(1);
  });

  test('a wrong password, which may be corrected in the same form', async () => {
    const visitor = new Visitor(origin, gateway);
    const { answer } = await givePassword(visitor, 'SIMK01', 'not-the-password');
    expect(answer.status).toBe(400);
    expectErrorAt(answer.text, 'password', /Check both; wrong tries lock the account/);
    expect(answer.text).toContain('value="SIMK01"');
    expect(answer.text).not.toContain('not-the-password');
    const fields = { userId: 'SIMK01', password: 'SIMK01-password' };
    const again = await send(visitor, { ...hiddenIn(answer.text), ...fields });
    expect(again.status).toBe(303);
  });

  test('an unknown user id', async () => {
    const { answer } = await givePassword(new Visitor(origin, gateway), 'NOBODY1');
    expectErrorAt(answer.text, 'userId', /does not accept this user id/);
  });

  test('a locked account', async () => {
    const visitor = new Visitor(origin, gateway);
    for (let tries = 0; tries < 3; tries += 1) await givePassword(visitor, 'SIMK02', 'wrong');
    const { answer } = await givePassword(visitor, 'SIMK02');
    expectErrorAt(answer.text, null, /locked this account.*Unlock it at the broker/);
  });

  test('no code: the challenge stays', async () => {
    const visitor = new Visitor(origin, gateway);
    const { next } = await givePassword(visitor, 'SIMK01');
    const { status, text } = await send(visitor, { ...hiddenIn(next?.text ?? ''), code: '' });
    expect(status).toBe(400);
    expectErrorAt(text, 'code', /Enter the access code/);
    const done = await send(visitor, { ...hiddenIn(text), code: await codeOf('SIMK01') });
    expect(done.location).toBe(`${gateway}/app`);
  });

  test('a wrong code leads back to the password, and the login can be finished from there', async () => {
    const visitor = new Visitor(origin, gateway);
    const { next } = await givePassword(visitor, 'SIMK01');
    const code = await codeOf('SIMK01');
    const { status, text } = await send(visitor, {
      ...hiddenIn(next?.text ?? ''),
      code: wrong(code),
    });
    expect(status).toBe(400);
    expectErrorAt(text, null, /refused the access code. Start the login again/);
    expect(text).toMatch(/name="password"/);
    expect(text).not.toContain(wrong(code));
    const fields = { userId: 'SIMK01', password: 'SIMK01-password' };
    const again = await send(visitor, { ...hiddenIn(text), ...fields });
    const second = await visitor.visit(again.location?.replace(gateway, origin) ?? '');
    const done = await send(visitor, { ...hiddenIn(second.text), code });
    expect(done.location).toBe(`${gateway}/app`);
  });

  test('a broker that is down, without saying that anything typed is wrong', async () => {
    const visitor = new Visitor(origin, gateway);
    await world.fault({
      kind: 'service-unavailable',
      path: '/kotak/apim/session/1.0/session/init',
    });
    await world.fault({
      kind: 'service-unavailable',
      path: '/kotak-c/apim/session/1.0/session/init',
    });
    const { answer } = await givePassword(visitor, 'SIMK01');
    expect(answer.status).toBe(503);
    expectErrorAt(answer.text, null, /could not be reached/);
  });

  test('too many tries, with the seconds to wait', async () => {
    const clock = { milliseconds: () => 0, wait: async () => {} };
    const other = await startWorld({ ...options, clock, limits: { passwordTries: 1 } });
    const there = new URL(other.url).origin;
    const visitor = new Visitor(there, gateway);
    const opened = await visitor.visit(`${there}/login?app=simulator-kotak`);
    const fields = { ...hiddenIn(opened.text), userId: 'SIMK01', password: 'wrong' };
    expect((await send(visitor, fields, ownForm, there)).status).toBe(400);
    await other.calls();
    const refused = await send(visitor, fields, ownForm, there);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expectErrorAt(refused.text, null, /Try again in 60 seconds/);
    expect(await other.calls()).toEqual([]);
  });
});

function expectErrorAt(text: string, field: string | null, words: RegExp): void {
  const [, id, message] = alertIn(text) ?? [];
  expect(message).toMatch(words);
  expect(id).toBe(`${field ?? 'form'}-error`);
  expect(text).toContain('<title>Error: ');
  if (field !== null) {
    const input = new RegExp(`<input id="${field}"[^>]*>`).exec(text)?.[0];
    expect(input).toContain(`aria-describedby="${field}-error"`);
    expect(input).toContain('aria-invalid="true"');
    expect(input).toContain('autofocus');
  }
}

describe('the page that asked is told', () => {
  test('LOGIN_CANCELLED, at either step', async () => {
    const visitor = new Visitor(origin, gateway);
    const opened = await visitor.visit(loginUrl());
    const first = await send(visitor, { ...hiddenIn(opened.text), cancel: 'yes' });
    expect(first.location).toBe(`${gateway}/app?error=LOGIN_CANCELLED`);
    const { next } = await givePassword(visitor, 'SIMK01');
    const second = await send(visitor, { ...hiddenIn(next?.text ?? ''), cancel: 'yes' });
    expect(second.location).toBe(`${gateway}/app?error=LOGIN_CANCELLED`);
    expect([...visitor.cookies.keys()]).toEqual([]);
  });

  test('LOGIN_EXPIRED after ten minutes', async () => {
    const visitor = new Visitor(origin, gateway);
    const { next } = await givePassword(visitor, 'SIMK01');
    now = new Date(startOfTime.getTime() + 601_000);
    const late = await send(visitor, { ...hiddenIn(next?.text ?? ''), code: '1234' });
    expect(late.location).toBe(`${gateway}/app?error=LOGIN_EXPIRED`);
  });

  test('LOGIN_MISMATCH in another browser, as a page without a way back', async () => {
    const { next } = await givePassword(new Visitor(origin, gateway), 'SIMK01');
    const fields = { ...hiddenIn(next?.text ?? ''), code: await codeOf('SIMK01') };
    await world.calls();
    const { status, text } = await send(new Visitor(origin, gateway), fields);
    expect(status).toBe(400);
    expect(text).toContain('LOGIN_MISMATCH');
    expect(await world.calls()).toEqual([]);
  });

  test('APP_MISCONFIGURED where only the operator can help', async () => {
    const { accessToken: _, ...ofKotak } = kotakApp;
    const app = { ...ofKotak, apiSecret: 'secret-of-yesterday' };
    const other = await startWorld({ ...options, apps: [app], limits: manyTries });
    const there = new URL(other.url).origin;
    const visitor = new Visitor(there, gateway);
    const opened = await visitor.visit(`${there}/login?returnTo=/app`);
    const fields = { ...hiddenIn(opened.text), userId: 'SIMK01', password: 'SIMK01-password' };
    const { location } = await send(visitor, fields, ownForm, there);
    expect(location).toBe(`${gateway}/app?error=APP_MISCONFIGURED`);
  });
});

describe('forms of elsewhere are refused, and send nothing to the broker', () => {
  test.each([
    ['of another origin', { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }],
    ['of another origin, from an old browser', { origin: 'https://elsewhere.example' }],
    ['of the same site', { origin: 'http://app.localhost:4000', 'sec-fetch-site': 'same-site' }],
    ['of a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['with neither an origin nor a site', {}],
  ])('%s', async (_what, headers: Record<string, string>) => {
    const visitor = new Visitor(origin, gateway);
    const opened = await visitor.visit(loginUrl());
    const fields = { userId: 'SIMK01', password: 'SIMK01-password' };
    const { status } = await send(visitor, { ...hiddenIn(opened.text), ...fields }, headers);
    expect(status).toBe(403);
    expect(await world.calls()).toEqual([]);
  });

  test('of another type, and longer than allowed', async () => {
    const post = (body: string, type: string) =>
      fetch(`${origin}/login`, {
        method: 'POST',
        headers: { ...ownForm, 'content-type': type },
        body,
      });
    expect((await post('{}', 'application/json')).status).toBe(415);
    expect((await post('login=x', 'text/plain')).status).toBe(415);
    const form = 'application/x-www-form-urlencoded';
    expect((await post(`login=${'x'.repeat(9_000)}`, form)).status).toBe(413);
    expect((await post('login=x', `${form};charset=UTF-8`)).status).toBe(400);
  });

  test('a password in the address is not read', async () => {
    const visitor = new Visitor(origin, gateway);
    const address = `${loginUrl()}&userId=SIMK01&password=SIMK01-password`;
    const { status, text } = await visitor.visit(address);
    expect(status).toBe(200);
    expect(text).not.toContain('SIMK01');
    expect(await world.calls()).toEqual([]);
  });
});

test('no page may frame the forms, no script runs in them, and nothing keeps them', async () => {
  const visitor = new Visitor(origin, gateway);
  const opened = await visitor.visit(loginUrl());
  const { next } = await givePassword(visitor, 'SIMK01');
  for (const visit of [opened, next]) {
    const { headers, text } = visit ?? opened;
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' /);
    expect(policy).toContain(`form-action 'self' ${gateway};`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/<script|\son\w+=|style=/);
  }
});

test('both forms link to the help of the app, where there is one', async () => {
  const help = 'https://example.com/help?broker=kotak&for=all';
  const app = { ...kotakApp, helpUrl: help };
  const other = await startWorld({ ...options, apps: [app], limits: manyTries });
  const home = new URL(other.url).origin;
  const visitor = new Visitor(home, gateway);
  const opened = await visitor.visit(`${home}/login`);
  const link = `<a href="${help.replace('&', '&amp;')}" target="_blank" rel="noopener">`;
  expect(opened.text).toContain(link);
  const typed = { userId: 'SIMK01', password: 'SIMK01-password' };
  const given = await send(visitor, { ...hiddenIn(opened.text), ...typed }, ownForm, home);
  const code = await visitor.visit(given.location?.replace(gateway, home) ?? '');
  expect(code.text).toContain('Enter the access code');
  expect(code.text).toContain(link);
  expect((await new Visitor(origin, gateway).visit(loginUrl())).text).not.toContain('Help with');
});

test('what a user types comes back as text, not as markup', async () => {
  const visitor = new Visitor(origin, gateway);
  const opened = await visitor.visit(loginUrl());
  const fields = { userId: '"><b id=x>', password: 'x' };
  const { text } = await send(visitor, { ...hiddenIn(opened.text), ...fields });
  expect(text).toContain('value="&quot;&gt;&lt;b id=x&gt;"');
  expect(text).not.toContain('<b id=x>');
});

test('neither password nor code is in an address, a cookie, a page or the log', async () => {
  const visitor = new Visitor(origin, gateway);
  const { answer, next } = await givePassword(visitor, 'SIMK01');
  const code = await codeOf('SIMK01');
  const done = await send(visitor, { ...hiddenIn(next?.text ?? ''), code });
  const everything = [answer, next, done].map((visit) => JSON.stringify(visit)).join('\n');
  for (const text of [everything, lines.join('\n'), visitor.setCookies.join('\n')]) {
    expect(text).not.toContain('SIMK01-password');
  }
  expect(JSON.stringify([answer, next, done.location])).not.toContain(`=${code}`);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toContain('Login completed');
});

test('a page behind a path posts to that path', async () => {
  const publicUrl = 'http://localhost:4000/kite';
  const other = await startWorld({ ...options, publicUrl, limits: manyTries });
  const there = new URL(other.url).origin;
  const visitor = new Visitor(there, gateway);
  const opened = await visitor.visit(`${there}/kite/login?app=simulator-kotak`);
  expect(opened.text).toContain('action="login"');
  const fields = { ...hiddenIn(opened.text), userId: 'SIMK01', password: 'SIMK01-password' };
  const { location } = await visitor.post(`${there}/kite/login`, fields, ownForm);
  expect(location).toMatch(/^http:\/\/localhost:4000\/kite\/login\?login=/);
});
