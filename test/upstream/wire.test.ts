// Parsing of broker values: times of India, amounts, messages, secrets.
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount, malformed, requiredText, text, texts } from '../../src/brokers/field.ts';
import { formatIndiaTime, indiaTime, nextHourInIndia } from '../../src/brokers/india-time.ts';
import {
  parseMargins,
  parseProfile,
  parseSegment,
  parseSession,
} from '../../src/brokers/kite/answers.ts';
import { cleanMessage } from '../../src/brokers/upstream/clean-message.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';

const day = 24 * 60 * 60 * 1000;
const moments = fc.date({
  min: new Date('2000-01-01T00:00:00Z'),
  max: new Date('2099-12-31T00:00:00Z'),
  noInvalidDate: true,
});

describe('times of India', () => {
  test("the documentation's login time, whatever this machine's zone", () => {
    expect(indiaTime('2021-01-01 16:15:14')).toEqual(new Date('2021-01-01T10:45:14Z'));
    expect(formatIndiaTime(new Date('2021-01-01T10:45:14Z'))).toBe('2021-01-01T16:15:14+05:30');
  });

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(moments, (moment) => {
        const seconds = new Date(Math.floor(moment.getTime() / 1000) * 1000);
        const zoneless = formatIndiaTime(seconds).replace('+05:30', '').replace('T', ' ');
        expect(indiaTime(zoneless)).toEqual(seconds);
        expect(new Date(formatIndiaTime(moment))).toEqual(moment);
      }),
    );
  });

  test('the next six o’clock is after, within a day, and at six', () => {
    fc.assert(
      fc.property(moments, (moment) => {
        const six = nextHourInIndia(moment, 6);
        const wait = six.getTime() - moment.getTime();
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(day);
        expect(formatIndiaTime(six)).toContain('T06:00:00+05:30');
      }),
    );
  });

  test.each([
    ['2026-01-05 05:59:59', '2026-01-05T06:00:00+05:30'],
    ['2026-01-05 06:00:00', '2026-01-06T06:00:00+05:30'],
    ['2026-12-31 23:59:59', '2027-01-01T06:00:00+05:30'],
  ])('after %s it is %s', (from, until) => {
    const time = indiaTime(from);
    if (!(time instanceof Date)) throw new Error('unreadable');
    expect(formatIndiaTime(nextHourInIndia(time, 6))).toBe(until);
  });

  test.each([
    '2026-02-30 10:00:00',
    '2026-13-01 10:00:00',
    '2026-01-01 24:00:00',
    '2026-01-01',
    'yesterday',
    5,
    {},
    '2026-01-01 10:00:00Z',
  ])('%j is no time', (value) => {
    expect(indiaTime(value)).toBe(malformed);
  });

  test.each([null, undefined, ''])('%j is no time, and no fault', (value) => {
    expect(indiaTime(value)).toBeNull();
  });
});

describe('values', () => {
  test('amounts are untouched, but for -0', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(amount(value)).toBe(value === 0 ? 0 : value);
      }),
    );
    expect(Object.is(amount(JSON.parse('-0')), 0)).toBe(true);
  });

  test.each(['5', true, {}, [], Number.NaN, JSON.parse('1e999')])('%j is no amount', (value) => {
    expect(amount(value)).toBe(malformed);
  });

  test('missing is null, wrong is malformed', () => {
    expect([text(undefined), text(null), text('')]).toEqual([null, null, '']);
    expect([text(5), requiredText(''), requiredText(undefined)]).toEqual([
      malformed,
      malformed,
      malformed,
    ]);
    expect([texts(null), texts([]), texts(['a'])]).toEqual([null, [], ['a']]);
    expect([texts('a'), texts(['a', 5]), texts({})]).toEqual([malformed, malformed, malformed]);
  });

  test('no JSON whatever makes a parser throw', () => {
    const names = [
      'user_id',
      'meta',
      'equity',
      'available',
      'cash',
      'net',
      'enabled',
      'access_token',
    ];
    const like = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...names), tie('any')),
      ),
    })).any;
    fc.assert(
      fc.property(like, (value) => {
        parseProfile(value);
        parseMargins(value);
        parseSegment(value);
        parseSession(value, 'BROKER_LOGIN');
      }),
    );
  });

  test('a prototype lends no values', () => {
    const margins = parseSegment(JSON.parse('{"__proto__": {"net": 1, "enabled": true}}'));
    expect(margins).toMatchObject({ net: malformed, enabled: malformed });
  });

  test('the empty demat consent is null; an empty refresh token too', () => {
    expect(parseProfile({ user_id: 'A', meta: { demat_consent: '' } })?.meta).toEqual({
      dematConsent: null,
    });
    expect(
      parseSession({ access_token: 'a', refresh_token: '' }, 'BROKER_LOGIN')?.refreshToken,
    ).toBeNull();
    expect(parseSession({ access_token: '' }, 'BROKER_LOGIN')).toBeNull();
  });
});

describe('messages', () => {
  test('no six characters in a row of a secret survive', () => {
    const secretText = fc.stringMatching(/^[A-Za-z0-9._-]{6,40}$/);
    fc.assert(
      fc.property(secretText, fc.string(), fc.string(), fc.nat(34), (value, before, after, cut) => {
        const piece = value.slice(Math.min(cut, value.length - 6));
        const clean = cleanMessage(before + piece + after, [new Secret(value)]) ?? '';
        for (let at = 0; at + 6 <= value.length; at += 1) {
          const window = value.slice(at, at + 6);
          if (!'[redacted][address]'.includes(window)) expect(clean).not.toContain(window);
        }
      }),
    );
  });

  test('at most 200 printable characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (value) => {
        const clean = cleanMessage(value, []);
        if (clean === null) return;
        expect(clean.length).toBeLessThanOrEqual(200);
        expect(clean).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('known messages stay as they are', () => {
    for (const message of [
      'Token is invalid or has expired.',
      'Invalid `checksum`.',
      'Incorrect `api_key` or `access_token`.',
      'Insufficient permission for that call.',
      'Too many requests',
      'The user is not enabled for the app.',
    ]) {
      expect(cleanMessage(message, [new Secret('abcdefgh')])).toBe(message);
    }
  });

  test.each([
    ['<html>502</html>', null],
    [undefined, null],
    [5, null],
    [' \n\t ', null],
    ['dial tcp 10.1.2.3:8080: refused', 'dial tcp [address]: refused'],
    ['see http://kite.internal/x?y=z now', 'see [address] now'],
    ['host redis.svc.local:6379 down', 'host [address] down'],
    ['a\u0000b\r\nc', 'a b c'],
  ])('%j becomes %j', (message, clean) => {
    expect(cleanMessage(message, [])).toBe(clean);
  });
});

test('only `reveal` returns the text of a secret', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ a: [secret] }, { depth: 9, showHidden: true }),
  ];
  expect(shown.join(' ')).not.toContain('hunter2');
  expect(shown[0]).toBe('[redacted]');
  expect(secret.reveal()).toBe('hunter2');
  expect(Object.keys(secret)).toEqual([]);
});
