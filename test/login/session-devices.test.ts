// What a session says of the devices that used it: what their user agents tell, and which one asks.
import { beforeEach, describe, expect, test } from 'vitest';
import { parseUserAgent } from '../../src/shared/user-agent.ts';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

let now = startOfTime;
const world = await startWorld({ now: () => now, limits: { userAgentCharacters: 150 } });
const origin = new URL(world.url).origin;

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const devices = graphql(`
  query DevicesOfSession {
    sessions {
      createdFrom { ...DeviceInFull }
      devices { ...DeviceInFull }
    }
  }
  fragment DeviceInFull on SessionDevice {
    id userAgent current kind vendor model
    client { type name version engine engineVersion }
    operatingSystem { name version }
  }
`);

async function loggedIn() {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
  return visitor;
}

/** The session as a second request of a user agent is told of it: its first one adds the device. */
async function sessionSeenBy(visitor: Visitor, userAgent: string) {
  now = new Date(now.getTime() + 60_000);
  await visitor.ask(devices, undefined, { 'user-agent': userAgent });
  const { data } = await visitor.ask(devices, undefined, { 'user-agent': userAgent });
  return data?.sessions?.[0];
}

const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0';
const crawler = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

describe('a device', () => {
  test.each([
    [
      iPhone,
      {
        client: {
          type: 'browser',
          name: 'Safari',
          version: '17.5',
          engine: 'WebKit',
          engineVersion: '605.1.15',
        },
        operatingSystem: { name: 'iOS', version: '17.5' },
        kind: 'mobile',
        vendor: 'Apple',
        model: 'iPhone',
      },
    ],
    [
      windows,
      {
        client: {
          type: 'browser',
          name: 'Firefox',
          version: '126.0',
          engine: 'Gecko',
          engineVersion: '20100101',
        },
        operatingSystem: { name: 'Windows', version: '10' },
        kind: 'desktop',
        vendor: null,
        model: null,
      },
    ],
    [
      crawler,
      {
        client: {
          type: 'bot',
          name: 'Googlebot',
          version: '2.1',
          engine: null,
          engineVersion: null,
        },
        operatingSystem: null,
        kind: 'bot',
        vendor: 'Google',
        model: null,
      },
    ],
    ['node', { client: null, operatingSystem: null, kind: null, vendor: null, model: null }],
  ])('has what its user agent tells, and null for the rest: %s', async (userAgent, expected) => {
    const session = await sessionSeenBy(await loggedIn(), userAgent);
    expect(session?.devices[0]).toMatchObject({ userAgent, ...expected });
  });

  test('has nothing of the part of a user agent that is too long', async () => {
    const session = await sessionSeenBy(await loggedIn(), `${'x'.repeat(150)} ${iPhone}`);
    expect(session?.devices[0]).toMatchObject({
      userAgent: 'x'.repeat(150),
      current: true,
      client: null,
      kind: null,
    });
  });

  test('is current for the requests with its address and user agent, and for no others', async () => {
    const visitor = await loggedIn();
    const first = await sessionSeenBy(visitor, 'node');
    expect(first?.devices.map(({ current }) => current)).toEqual([true]);
    expect(first?.createdFrom).toEqual(first?.devices[0]);
    const second = await sessionSeenBy(visitor, iPhone);
    expect(second?.devices.map(({ userAgent, current }) => [userAgent, current])).toEqual([
      [iPhone, true],
      ['node', false],
    ]);
    expect(second?.createdFrom).toEqual(second?.devices[1]);
  });
});

describe('parsing a user agent', () => {
  const names = ['', ' ', '__proto__', 'constructor/1.0 (toString)', '/ / (', '\0\u{1F600}\uD800'];
  const pieces = [
    ...names,
    ...[iPhone, windows, crawler].flatMap((text) => text.split(/(?<=[ ;/(])/)),
    'Android 99999999999999999999',
    'Windows NT ',
    'like Mac OS X',
    '((((((((',
    '1.2.3.4.5.6.7.8.9',
    '________',
  ];
  /** A generator with a fixed seed, so that a failure can be repeated. */
  function* numbers(): Generator<number, never> {
    for (let state = 1; ; ) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      yield state >>> 8;
    }
  }

  test('never throws, and every value is null or text within the bound', () => {
    const source = numbers();
    const below = (bound: number) => source.next().value % bound;
    const random = () =>
      Array.from({ length: below(20) }, () =>
        below(2) === 0 ? pieces[below(pieces.length)] : String.fromCharCode(below(0x1_0000)),
      ).join('');
    // Collected and asserted once: ten thousand assertions take seconds.
    const wrong = [null, ...names, ...Array.from({ length: 10_000 }, random)].filter((text) => {
      const { client, operatingSystem, ...device } = parseUserAgent(text, 256);
      const isGroup = (group: object | null) =>
        group === null || Object.values(group).some((value) => value !== null);
      const values: unknown[] = Object.values({ ...client, ...operatingSystem, ...device });
      const isValue = (value: unknown) =>
        value === null || (typeof value === 'string' && value.length > 0 && value.length <= 256);
      return !isGroup(client) || !isGroup(operatingSystem) || !values.every(isValue);
    });
    expect(wrong).toEqual([]);
  });

  test('reads no more of it than the bound', () => {
    expect(parseUserAgent(`${' '.repeat(10)}${iPhone}`, 10).client).toBeNull();
    expect(parseUserAgent(iPhone, iPhone.length).model).toBe('iPhone');
  });
});
