// What a session says of the devices that used it: what their user agents tell, and which one asks.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { readCountryDatabase } from '../../src/process/resources.ts';
import { createCountries } from '../../src/shared/countries.ts';
import { parseUserAgent } from '../../src/shared/user-agent.ts';
import { graphql } from '../generated/gql.ts';
import { countryDatabase } from '../support/values/mmdb.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

let now = startOfTime;
const world = await startWorld({
  now: () => now,
  limits: { userAgentCharacters: 150 },
  trustProxy: true,
  countryDatabase: countryDatabase({
    '8.8.0.0/16': 'US',
    '49.32.0.0/11': 'IN',
    '10.0.0.0/8': 'DE',
    // The first half of an IPv6 address has these bits.
    '38.6.0.0/16': 'CA',
  }),
});
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

describe('the country of a device', () => {
  const countries = graphql(`
    query CountriesOfDevices($locale: String) {
      sessions { devices { ipAddress countryCode countryName english: countryName named: countryName(locale: $locale) } }
    }
  `);
  const seenFrom = async (address: string, locale = 'de') => {
    const visitor = await loggedIn();
    now = new Date(now.getTime() + 60_000);
    const headers = { 'x-forwarded-for': address };
    await visitor.ask(countries, { locale }, headers);
    return visitor.ask(countries, { locale }, headers);
  };

  test.each([
    ['49.36.1.1', 'IN', 'India', 'Indien'],
    ['8.8.8.8', 'US', 'United States', 'Vereinigte Staaten'],
    ['::ffff:8.8.8.8', 'US', 'United States', 'Vereinigte Staaten'],
    ['9.9.9.9', null, null, null],
    // Private, though the database has it.
    ['10.1.2.3', null, null, null],
    ['127.0.0.1', null, null, null],
  ])(
    'of %s is what the database says, and null for a private address',
    async (address, code, name, named) => {
      const { data } = await seenFrom(address);
      const expected = { countryCode: code, countryName: name, english: name, named };
      expect(data?.sessions?.[0]?.devices[0]).toMatchObject(expected);
    },
  );

  test('of an IPv6 address is null where the database has only IPv4', async () => {
    const { data, errors } = await seenFrom('2606:4700::1111');
    expect(errors).toEqual([]);
    expect(data?.sessions?.[0]?.devices[0]).toMatchObject({ countryCode: null });
  });

  test('has a name in English for an unknown language, and an error for what is no language tag', async () => {
    const unknown = await seenFrom('49.36.1.1', 'xx');
    expect(unknown.data?.sessions?.[0]?.devices[0]?.named).toBe('India');
    const bad = await seenFrom('49.36.1.1', 'no locale!');
    expect(bad.data?.sessions?.[0]?.devices[0]).toMatchObject({ countryCode: 'IN', named: null });
    expect(bad.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('looks at each locale once an operation, one that is no language tag too', async () => {
    const visitor = await loggedIn();
    const names = vi.spyOn(Intl, 'DisplayNames');
    onTestFinished(() => names.mockRestore());
    for (const locale of ['de', 'no locale!']) {
      names.mockClear();
      const fields = Array.from(
        { length: 20 },
        (_, index) => `n${index}: countryName(locale: "${locale}")`,
      );
      await visitor.askRaw(`{ sessions { createdFrom { ${fields.join(' ')} } } }`);
      expect(names).toHaveBeenCalledTimes(1);
    }
  });

  test('comes from the file of GEOIP_DATABASE, and a file of another kind stops the start', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countries-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'countries.mmdb');
    expect(readCountryDatabase(undefined)).toBeNull();
    expect(() => readCountryDatabase(file)).toThrow(
      /^GEOIP_DATABASE: .*countries\.mmdb cannot be read: there is no such file/,
    );
    for (const text of ['', 'no database', '\xAB\xCD\xEFMaxMind.com']) {
      writeFileSync(file, text, 'latin1');
      expect(() => readCountryDatabase(file)).toThrow(
        /^GEOIP_DATABASE: .*countries\.mmdb is not an MMDB/,
      );
    }
    writeFileSync(file, countryDatabase({ '8.8.0.0/16': 'US' }));
    expect(createCountries(readCountryDatabase(file) ?? undefined)('8.8.4.4')).toBe('US');
  });

  test('needs a database that can be read', () => {
    expect(() => createGateway({ countryDatabase: Buffer.from('no database') })).toThrow();
  });
});

describe('the country header of a proxy', () => {
  const countryHeader = 'CF-IPCountry';
  const database = countryDatabase({ '8.8.0.0/16': 'US' });
  const limits = { loginAttempts: 1_000 };
  const options = { now: () => now, countryDatabase: database, countryHeader, limits };
  const deviceIn = graphql(`
    query CountryByHeader {
      sessions { createdFrom { countryCode countryName } devices { countryCode countryName } }
    }
  `);
  const countryOf = async (
    { url }: { readonly url: string },
    headers: Readonly<Record<string, string>>,
  ) => {
    const { origin } = new URL(url);
    const visitor = new Visitor(origin, 'http://localhost:4000');
    await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
    // The use of a device is noted once a minute, after the answer.
    now = new Date(now.getTime() + 60_000);
    await visitor.ask(deviceIn, undefined, headers);
    const { data } = await visitor.ask(deviceIn, undefined, headers);
    return data?.sessions?.[0]?.devices[0];
  };

  describe('where a proxy is trusted', async () => {
    const proxied = await startWorld({ ...options, trustProxy: true });
    const seen = (address: string, country: string) =>
      countryOf(proxied, { 'x-forwarded-for': address, 'cf-ipcountry': country });

    test('gives a device its country, which counts before the database', async () => {
      expect(await seen('49.36.1.1', 'IN')).toEqual({ countryCode: 'IN', countryName: 'India' });
      expect(await seen('8.8.8.8', 'IN')).toMatchObject({ countryCode: 'IN' });
    });

    test.each([
      'XX',
      'ZZ',
      'T1',
      'in',
      'In',
      'IND',
      'I',
      'IN, US',
      'IN,IN',
      '12',
      '"IN"',
      'I\u00d1',
    ])('says nothing by %s: then the database counts', async (country) => {
      expect(await seen('8.8.8.8', country)).toMatchObject({ countryCode: 'US' });
      expect(await seen('49.36.1.1', country)).toMatchObject({ countryCode: null });
    });

    test.each(['10.1.2.3', '192.168.0.7', '127.0.0.1', 'fd00::1', '100.64.0.1', '169.254.0.1'])(
      'gives the private address %s no country',
      async (address) => {
        expect(await seen(address, 'IN')).toMatchObject({ countryCode: null });
      },
    );

    test.each([{}, { 'x-forwarded-for': 'unknown' }])(
      'is not believed where the proxy has named no client: %j',
      async (forwarded) => {
        const headers = { ...forwarded, 'cf-ipcountry': 'IN' };
        expect(await countryOf(proxied, headers)).toMatchObject({ countryCode: null });
      },
    );

    test('is the one of the last request of a device, and stays where a later one says nothing', async () => {
      const { origin } = new URL(proxied.url);
      const visitor = new Visitor(origin, 'http://localhost:4000');
      await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0002');
      const from = async (country?: string) => {
        now = new Date(now.getTime() + 60_000);
        const headers = {
          'x-forwarded-for': '49.36.1.1',
          ...(country && { 'cf-ipcountry': country }),
        };
        await visitor.ask(deviceIn, undefined, headers);
        const { data } = await visitor.ask(deviceIn, undefined, headers);
        return data?.sessions?.[0]?.devices[0]?.countryCode;
      };
      expect([await from('IN'), await from(), await from('NP')]).toEqual(['IN', 'IN', 'NP']);
    });
  });

  test('of a stranger is not believed: no proxy is trusted', async () => {
    const bare = await startWorld(options);
    const headers = { 'x-forwarded-for': '49.36.1.1', 'cf-ipcountry': 'IN' };
    expect(await countryOf(bare, headers)).toMatchObject({ countryCode: null });
  });

  test('is not read unless the operator names it', async () => {
    const unnamed = await startWorld({ now: () => now, trustProxy: true });
    const headers = { 'x-forwarded-for': '49.36.1.1', 'cf-ipcountry': 'IN' };
    expect(await countryOf(unnamed, headers)).toMatchObject({ countryCode: null });
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
