// The whole life of sessions, with failures of each step, and a search for every secret in all that came out or was kept.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createClient } from '@redis/client';
import { parseSetCookie } from 'cookie';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { follow } from '../support/follower.ts';
import { run } from '../support/processes/command.ts';
import { startReceiver } from '../support/servers/webhook-receiver.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startWorld } from '../support/world.ts';
import { day } from './fixtures.ts';
import { describeStores, type Place } from './stores/stores.ts';

vi.setConfig({ testTimeout: 180_000 });

/** The afternoon of this day in India: the operator's command goes by the machine's clock. */
const beganAt = Math.floor(Date.now() / day) * day + (10 / 24) * day;
const home = 'http://localhost:4000';
const signer = signingKey('EdDSA', 'signer');
const relaySecret = 'relay-secret-0123456789-abcdefghijklmnopq';
const webhookSecret = 'webhook-secret-0123456789-abcdefghijklmn';

/** A text as it stands, in hex and in base64. */
function disguises(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [text, ...(['hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form))];
}

/** The names of the secrets that are in a text. */
function leaks(secrets: ReadonlyMap<string, string>, text: string): readonly string[] {
  return [...secrets].flatMap(([secret, name]) =>
    disguises(secret).some((one) => text.includes(one.replace(/=+$/, ''))) ? [name] : [],
  );
}

/** The same store, and all that it is given to keep. */
function recorded<Target extends object>(target: Target, given: unknown[]): Target {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === 'object' && member !== null) return recorded(member, given);
      if (typeof member !== 'function') return member;
      return (...words: unknown[]) => {
        given.push(words.filter((word) => typeof word !== 'function'));
        return Reflect.apply(member, target, words);
      };
    },
  });
}

/** Every byte of the SQLite file and what is beside it, or every key and value of Redis. */
async function keptIn(place: Place): Promise<string> {
  if (place.kind === 'memory') return '';
  if (place.kind === 'sqlite') {
    const file = place.url().slice('sqlite:'.length);
    const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)));
    expect(names).toContain(`${basename(file)}-wal`);
    return names.map((name) => readFileSync(join(dirname(file), name), 'latin1')).join('\0');
  }
  const client = await createClient({ url: place.url() }).connect();
  const read = { hash: 'HGETALL', zset: 'ZRANGE', string: 'GET' } as const;
  const all: unknown[] = [];
  for (const key of await client.keys('*')) {
    const type = await client.type(key);
    const command = read[type as keyof typeof read] ?? expect.fail(`Redis holds a ${type}`);
    const range = command === 'ZRANGE' ? ['0', '-1'] : [];
    all.push(key, await client.sendCommand([command, key, ...range]));
  }
  client.destroy();
  return JSON.stringify(all);
}

/** Keeps heads and bodies of all that a gateway answers, except Set-Cookie and what the relay is there to give. */
function recordAnswers(origin: string): string[] {
  const answers: string[] = [];
  const { fetch } = globalThis;
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const response = await fetch(input, init);
    const url = new URL(String(input));
    if (url.origin !== origin) return response;
    const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
    answers.push(`${response.status} ${JSON.stringify(headers)}`);
    const isRelayed = url.pathname === '/session/credentials' && response.ok;
    const text = isRelayed ? Promise.resolve('') : response.clone().text();
    // A stream ends when its reader goes away; what came until then was told to the reader too.
    void text.then((body) => void answers.push(body)).catch(() => undefined);
    return response;
  });
  onTestFinished(() => spy.mockRestore());
  return answers;
}

describe('the whole life of sessions', () => {
  describeStores((place) => {
    test('tells and keeps no secret, whatever fails', async () => {
      const clock = new TestClock();
      const now = () => new Date(beganAt + clock.milliseconds());
      const receiver = await startReceiver();
      const key = randomBytes(32);
      const nextKey = randomBytes(32).toString('base64');
      const logged: string[] = [];
      const audited: unknown[] = [];
      const given: unknown[] = [];
      const printed: string[] = [];
      const events: unknown[] = [];
      const store = await place.open(now);
      const options: GatewayOptions = {
        clock,
        now,
        exposeTokens: false,
        keyringStore: recorded<KeyringStore>(store, given),
        keyringKeys: [key],
        logger: pino({ level: 'trace' }, { write: (line) => void logged.push(line) }),
        auditLog: { write: (event) => void audited.push(event) },
        relaySecrets: [relaySecret],
        webhook: { url: receiver.url, secret: webhookSecret },
        sessionTokens: new SessionTokens({
          keys: [signer],
          templates: { default: { audience: 'orders' } },
        }),
      };
      const world = await startWorld(options, { now: new Date(beganAt) });
      const { origin } = new URL(world.url);
      const answers = recordAnswers(origin);
      const secrets = new Map<string, string>([
        [relaySecret, 'relay secret'],
        [webhookSecret, 'webhook secret'],
        [`${signer.d}`, 'private key'],
        [key.toString('base64'), 'key'],
        [key.toString('latin1'), 'bytes of the key'],
        [nextKey, 'next key'],
        ...apps.map(({ apiSecret }): [string, string] => [apiSecret, 'api secret']),
      ]);

      const visitor = new Visitor(origin, home);
      const other = new Visitor(origin, home);
      const relay = (secret: string, from = visitor) =>
        fetch(`${origin}/session/credentials`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, cookie: `${from.headers().cookie}` },
        });
      /** A login whose request token and checksum are secrets too, and its tokens where it succeeds. */
      const logIn = async (userId: string, app = 'simulator', browser = visitor) => {
        const callback = await browser.logInAtKite(`${origin}/login?app=${app}`, userId);
        const requestToken = new URL(callback).searchParams.get('request_token') ?? expect.fail();
        const { apiSecret = '' } = apps.find(({ apiKey }) => apiKey === app) ?? {};
        const text = app + requestToken + apiSecret;
        secrets.set(requestToken, 'request token');
        secrets.set(createHash('sha256').update(text).digest('hex'), 'checksum');
        await browser.visit(callback);
      };
      const noteTokens = async (browser = visitor) => {
        const relayed = await (await relay(relaySecret, browser)).text();
        const tokens = [...relayed.matchAll(/"accessToken":"([^"]+)"/g)];
        for (const [, token = ''] of tokens) secrets.set(token, 'access token');
        return tokens.length;
      };

      // Logins: one that the broker fails, one that it refuses, two that succeed, one in another browser.
      await world.fault({ kind: 'internal-error', method: 'POST', times: 1 });
      await logIn('SIM0001');
      await visitor.visit(`${origin}/callback?status=success&request_token=not-ours-0123456789`);
      secrets.set('not-ours-0123456789', 'request token of another login');
      await logIn('SIM0001');
      await logIn('SIM0002', 'simulator-platform');
      await logIn('SIM0001', 'simulator', other);
      expect(await noteTokens()).toBe(2);
      await noteTokens(other);
      const stream = await follow<unknown, never>(
        world.url,
        'subscription { sessionsChanged { reason session { id state endReason } } }',
        { headers: { ...visitor.headers() } },
      );
      events.push(await stream.next(), await stream.next());

      // Renewal, labels and tokens, each in vain too.
      type Account = { readonly id: string; readonly session: { readonly apiKey: string } };
      const { data } = await visitor.askRaw<{ readonly accounts: readonly Account[] }>(
        '{ accounts { id session { id apiKey devices { createdFrom: ipAddress } } user { userId email } } }',
      );
      const accounts = data?.accounts ?? expect.fail();
      const platform = accounts.find(({ session }) => session.apiKey === 'simulator-platform');
      const renew =
        'mutation ($id: ID!) { renewSession(input: { accountId: $id }) { __typename ... on Failure { message code } } }';
      await world.fault({ kind: 'internal-error', method: 'POST', times: 1 });
      await visitor.askRaw(renew, { id: platform?.id });
      await visitor.askRaw(renew, { id: platform?.id });
      await noteTokens();
      const label =
        'mutation ($id: ID!, $label: String) { labelAccount(accountId: $id, label: $label) { __typename } }';
      await visitor.askRaw(label, { id: platform?.id, label: 'Savings' });
      await visitor.askRaw(label, { id: platform?.id, label: 'x'.repeat(500) });
      await visitor.askRaw('{ sessions { signedToken } }');
      await visitor.askRaw('{ sessions { signedToken(template: "none") } }');

      // The relay and the check of sessions, with and without what they ask for.
      await relay('wrong-secret-0123456789-abcdefghijklmnopqr');
      const { cookie } = visitor.headers();
      await fetch(`${origin}/session`, { headers: { cookie: `${cookie}` } });
      await fetch(`${origin}/session`);
      await fetch(`${origin}/session`, { headers: { cookie: `${cookie}x` } });
      await visitor.askRaw(
        '{ no such field',
        {},
        { authorization: `token simulator:${relaySecret}` },
      );

      // What was logged in elsewhere is ended; the operator lists, rotates and revokes.
      const revoke = 'mutation ($ids: [ID!]) { revokeSessions(ids: $ids) { __typename } }';
      await visitor.askRaw(revoke, { ids: ['none'] });
      await visitor.askRaw('mutation { revokeSessions(others: true) { __typename } }');
      if (place.kind !== 'memory') {
        const env = { KEYRING_STORE: place.url(), KEYRING_KEYS: key.toString('base64') };
        const both = { ...env, KEYRING_KEYS: `${nextKey},${env.KEYRING_KEYS}` };
        for (const [words, settings] of [
          [['list', '--json', '--show-users'], env],
          [['revoke', 'none'], env],
          [['rotate-keys'], { ...env, KEYRING_KEYS: 'not a key' }],
          [['rotate-keys'], both],
          [['revoke-user', 'SIM0002'], both],
        ] as const) {
          const { stdout, stderr } = await run({
            words: ['sessions', ...words],
            env: settings,
          }).ended;
          printed.push(stdout, stderr);
        }
      }

      // A logout that the broker fails, and one that it confirms.
      await world.fault({ kind: 'internal-error', method: 'DELETE', times: 1 });
      await visitor.askRaw('mutation { logout { loggedOut } }');
      await visitor.askRaw('mutation { logout { loggedOut } }');
      for (let step = 0; step < 10; step += 1) {
        clock.advance(5);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await expect.poll(() => receiver.types()).toContain('session.started');
      while (stream.unread > 0) events.push(await stream.next().catch(() => null));
      stream.leave();

      for (const line of [...visitor.setCookies, ...other.setCookies]) {
        const { value } = parseSetCookie(line);
        if (value && value.length > 10) secrets.set(value, 'cookie');
      }
      const kept = await keptIn(place);
      const places = {
        log: logged.join('\n'),
        audit: JSON.stringify(audited),
        printed: printed.join('\n'),
        answers: answers.join('\n'),
        events: JSON.stringify(events),
        webhook: JSON.stringify(receiver.received),
        given: JSON.stringify(given),
        kept,
      };
      // Each place was really looked at.
      expect(places.log).toContain('"msg":"Operation"');
      expect(places.audit).toContain('login');
      expect(places.answers).toMatch(/SIM0001[\s\S]*x-session-token/);
      expect(places.events).toContain('sessionsChanged');
      expect(places.given.length).toBeGreaterThan(1_000);
      if (place.kind !== 'memory') {
        expect(places.printed).toContain('SIM0002');
        expect(kept.length).toBeGreaterThan(1_000);
      }
      const names = [...new Set(secrets.values())];
      expect(names).toEqual(
        expect.arrayContaining(['access token', 'request token', 'checksum', 'cookie']),
      );
      for (const [where, text] of Object.entries(places))
        expect([where, leaks(secrets, text)]).toEqual([where, []]);
      // The search finds each secret where one is, as it stands or in disguise.
      for (const [secret, name] of secrets)
        for (const disguise of disguises(secret))
          expect(leaks(secrets, `${places.log} ${disguise} ${places.log}`)).toContain(name);
    });
  });
});
