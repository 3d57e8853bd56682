// Two profiles of a real browser, logged in as the same user: one sees and ends the other's session, and the other's
// page is told by its stream.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { freePorts } from '../support/processes/command.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { startOfTime, startWorld } from '../support/world.ts';

interface ListedSession {
  readonly id: string;
  readonly current: boolean;
  readonly state: string;
  readonly endReason: string | null;
  readonly user: { readonly userId: string } | null;
}

interface PageAnswer {
  readonly data: {
    readonly sessions?: readonly ListedSession[];
    readonly accounts?: readonly { readonly id: string }[] | null;
    readonly revokeSessions?: { readonly revoked: readonly string[]; readonly failures: [] };
  } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

interface Told {
  readonly reason: string;
  readonly session: Omit<ListedSession, 'current' | 'user'>;
}

/** What the page of a profile keeps of its stream. */
type StreamingWindow = Window & { told: unknown[] };

const list = 'id current state endReason user { userId }';

describeWithChromium('two profiles of one user', (browser) => {
  /** A gateway at the address that its cookies and redirects are built on, and another over the same store and broker. */
  async function startGateways(options: () => Promise<GatewayOptions>) {
    const [port = 0, otherPort = 0] = await freePorts(2);
    const own = `http://localhost:${port}`;
    const shared = { exposeTokens: false };
    const here = await startWorld(
      { ...shared, ...(await options()), publicUrl: own },
      { redirectUrl: `${own}/callback` },
      port,
    );
    const elsewhere = `http://localhost:${otherPort}`;
    const startOther = async () => {
      const kite = {
        kiteBaseUrl: here.simulator.url,
        kiteLoginUrl: `${here.simulator.url}/connect/login`,
      };
      const other = { ...shared, ...kite, ...(await options()), publicUrl: elsewhere };
      await startWorld(other, {}, otherPort);
      return elsewhere;
    };
    return { own, here, startOther };
  }

  /** A profile, with a page that lies beside each gateway, on its own origin. */
  async function openProfile() {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    await context.route('**/page', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A page</title>' }),
    );
    const page = await context.newPage();
    const logIn = async (origin: string, userId: string) => {
      await page.goto(`${origin}/login?app=simulator`);
      await page.locator(`input[name=user_id][value=${userId}]`).check();
      await page.locator('#approve').click();
      await page.waitForURL((url) => url.origin === origin);
    };
    const open = (origin: string) => page.goto(`${origin}/page`);
    return { page, logIn, open };
  }

  /** The first profile follows its sessions through `following`; the second one ends its session through `ending`. */
  async function endFromAnotherProfile(
    { own, here }: Awaited<ReturnType<typeof startGateways>>,
    following: string,
    ending: string,
    afterEnd: () => void = () => {},
  ) {
    const [one, two] = [await openProfile(), await openProfile()];
    for (const profile of [one, two]) await profile.logIn(own, 'SIM0001');
    await one.open(following);
    await two.open(ending);
    await startStream(one.page);
    await expect.poll(() => toldTo(one.page)).toHaveLength(1);
    const [present] = await toldTo(one.page);
    expect(present).toMatchObject({ reason: 'PRESENT', session: { state: 'ACTIVE' } });

    const seen = (await ask(two.page, `{ sessions(scope: USER) { ${list} } }`)).data?.sessions;
    expect(seen).toHaveLength(2);
    const other = seen?.find(({ current }) => !current);
    expect(other).toMatchObject({
      id: present?.session.id,
      state: 'ACTIVE',
      user: { userId: 'SIM0001' },
    });

    await here.calls();
    const revoked = await ask(
      two.page,
      `mutation { revokeSessions(ids: ["${other?.id}"]) { revoked failures { sessionId } } }`,
    );
    expect(revoked.data?.revokeSessions).toEqual({ revoked: [other?.id], failures: [] });
    const calls = (await here.calls()).map(({ method, path }) => `${method} ${path}`);
    expect(calls).toEqual(['DELETE /session/token']);

    afterEnd();
    await expect
      .poll(async () => (await toldTo(one.page)).at(-1))
      .toEqual({
        reason: 'ENDED',
        session: { id: other?.id, state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' },
      });
    const ends = (await toldTo(one.page)).slice(1);
    for (const { reason, session } of ends) {
      expect([reason, session.endReason]).toEqual(['ENDED', 'REVOKED_ELSEWHERE']);
    }

    const next = await ask(one.page, `{ sessions { ${list} } accounts { id } }`);
    expect(next.data?.sessions ?? []).toMatchObject([
      { id: other?.id, state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' },
    ]);
    expect(next.data?.accounts).toBeNull();
    expect(next.errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    const left = await ask(two.page, `{ sessions { ${list} } accounts { id } }`);
    expect(left.data?.sessions).toMatchObject([{ state: 'ACTIVE', current: true }]);
    expect(left.data?.accounts).toHaveLength(1);
    expect(await here.calls()).toEqual([]);
  }

  test('one sees the session of the other and ends it, and the page of the other is told by its stream', async () => {
    const gateways = await startGateways(async () => ({ now: () => startOfTime }));
    await endFromAnotherProfile(gateways, gateways.own, gateways.own);
  });

  test('on two gateways over one SQLite file, the stream tells it with the next check', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kite-graphql-profiles-'));
    afterAll(() => rm(folder, { recursive: true, force: true }));
    const clock = new TestClock();
    const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
    const keyringKeys = [generateKey()];
    const gateways = await startGateways(async () => ({
      clock,
      now,
      keyringKeys,
      keyringStore: await openKeyringStore(`sqlite:${join(folder, 'keyrings.db')}`, now),
    }));
    const elsewhere = await gateways.startOther();
    await endFromAnotherProfile(gateways, gateways.own, elsewhere, () => clock.advance(20));
  });

  describeWithRedis((redis) => {
    test('on two gateways over one Redis, the stream tells it at once', async () => {
      const keyringKeys = [generateKey()];
      const gateways = await startGateways(async () => ({
        keyringKeys,
        now: () => startOfTime,
        keyringStore: await openKeyringStore(redis.url, () => startOfTime),
        // Longer than any test: only a notice wakes the stream.
        limits: { keyringCheckSeconds: 3_600 },
      }));
      const elsewhere = await gateways.startOther();
      await endFromAnotherProfile(gateways, gateways.own, elsewhere);
    });
  });
});

/** Asks from a page of the gateway's own origin, with its cookie. */
function ask(page: Page, query: string): Promise<PageAnswer> {
  return page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch('/graphql', { method: 'POST', headers, body });
    return response.json();
  }, JSON.stringify({ query }));
}

/** Opens a stream of sessions in the page, which keeps what it is told. */
async function startStream(page: Page): Promise<void> {
  await page.evaluate(
    async (body) => {
      const own = window as unknown as StreamingWindow;
      own.told = [];
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
      const { body: stream } = await fetch('/graphql', { method: 'POST', headers, body });
      if (stream === null) throw new Error('no stream');
      const keep = async () => {
        let text = '';
        const decoder = new TextDecoder();
        for (const reader = stream.getReader(); ; ) {
          const { value, done } = await reader.read();
          if (done) return;
          text += decoder.decode(value, { stream: true });
          const blocks = text.split('\n\n');
          text = blocks.pop() ?? '';
          for (const block of blocks) {
            const data = /^data: ?(.+)$/m.exec(block)?.[1];
            if (data !== undefined) own.told.push(JSON.parse(data));
          }
        }
      };
      void keep();
    },
    JSON.stringify({
      query: 'subscription { sessionsChanged { reason session { id state endReason } } }',
    }),
  );
}

/** What the page was told so far. */
async function toldTo(page: Page): Promise<readonly Told[]> {
  const events = await page.evaluate(() => (window as unknown as StreamingWindow).told);
  return events.map((event) => {
    const { data } = event as { data?: { sessionsChanged: Told } };
    if (!data) throw new Error(`no change: ${JSON.stringify(event)}`);
    return data.sessionsChanged;
  });
}
