// An address of Redis names one server, or several with commas between them; a login that is written once counts for all.
import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/shared/redis-address.ts';

describe('an address of Redis', () => {
  test.each([
    ['redis://one', { nodes: [['one', 6379]] }],
    ['rediss://one:1/3', { isTls: true, nodes: [['one', 1]], database: 3 }],
    ['redis://:a%2Cb@one:1', { nodes: [['one', 1]], username: undefined, password: 'a,b' }],
    ['redis://:a,b@one', { nodes: [['one', 6379]], password: 'a,b' }],
    [
      'redis://me:pass@one:1,[::1]:2,three',
      {
        nodes: [
          ['one', 1],
          ['::1', 2],
          ['three', 6379],
        ],
        username: 'me',
        password: 'pass',
      },
    ],
    [
      'redis://me:pass@one:1,redis://two:2,redis://me:pass@three:3/1',
      {
        nodes: [
          ['one', 1],
          ['two', 2],
          ['three', 3],
        ],
        username: 'me',
        password: 'pass',
        database: 1,
      },
    ],
  ])('%s', (text, { nodes, ...more }) => {
    expect(parseRedisUrl(text)).toMatchObject({
      isTls: false,
      database: 0,
      ...more,
      nodes: nodes.map(([host, port]) => ({ host, port })),
    });
  });

  test.each([
    'redis://',
    'redis://one:x',
    'redis://one:70000',
    'redis://one,,two',
    'redis://me:hunter2@one,redis://me:other@two',
    'redis://me:hunter2@one,rediss://two',
    'redis://me:hunter2@one/x',
    'redis://me:hunter2%@one',
    'redis://one/1,redis://two',
  ])('%s is refused without being quoted', (text) => {
    expect(() => parseRedisUrl(text)).toThrow(TypeError);
    expect(() => parseRedisUrl(text)).not.toThrow(/hunter2|one/);
  });
});
