// The index of users in Redis: for each name one sorted set of `<keyring> <key>`, by when each expires.
import { z } from 'zod';
import { KeyringStoreError } from '../store.ts';
import type { UserIndex } from '../user-index.ts';
import type { RunForEach, RunScript } from './connection.ts';
import { keyPrefix } from './scripts.ts';

const userKey = (name: string): string => `${keyPrefix}2:user:${name}`;

/**
 * KEYS: user. ARGV: now, whether expired places may be dropped, capacity, then for each place its expiry and words. The set
 * goes away with the last place that is in it.
 */
const add = `
  local key, now = KEYS[1], tonumber(ARGV[1])
  for i = 4, #ARGV, 2 do redis.call('ZADD', key, ARGV[i], ARGV[i + 1]) end
  if ARGV[2] == '1' then redis.call('ZREMRANGEBYSCORE', key, '-inf', now) end
  redis.call('ZREMRANGEBYRANK', key, 0, -tonumber(ARGV[3]) - 1)
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIRE', key, math.max(1, tonumber(last[2]) - now)) end
  return 1
`;

/** KEYS: users. ARGV: now, count. Answers, user by user, the places that expire last and their expiries. */
const find = `
  local found = {}
  for i = 1, #KEYS do
    found[i] = redis.call('ZRANGE', KEYS[i], '+inf', '(' .. ARGV[1], 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
  end
  return found
`;

/** KEYS: users. ARGV: now, words of places. Answers, user by user, how many were there. */
const remove = `
  local removed = {}
  for i = 1, #KEYS do
    removed[i] = 0
    for j = 2, #ARGV do removed[i] = removed[i] + redis.call('ZREM', KEYS[i], ARGV[j]) end
  end
  return removed
`;

const foundReply = z.array(z.array(z.string()));

/**
 * The index of users in Redis.
 * @param mayPurge `1` where what has expired may be deleted for good.
 */
export function createRedisUsers(
  run: RunScript,
  runForEach: RunForEach,
  mayPurge: () => string,
): UserIndex {
  return {
    async add(name, places, capacity) {
      const words = places.flatMap(({ keyringId, key, expiresAt }) => [
        expiresAt,
        `${keyringId} ${key}`,
      ]);
      await run(add, [userKey(name)], [mayPurge(), capacity, ...words]);
    },
    async find(names, count) {
      const reply = foundReply.safeParse(await runForEach(find, names.map(userKey), [count]));
      if (!reply.success) throw new KeyringStoreError();
      const ends = new Map<string, number>();
      for (const found of reply.data)
        for (let i = 0; i + 1 < found.length; i += 2)
          ends.set(found[i] ?? '', Math.max(ends.get(found[i] ?? '') ?? 0, Number(found[i + 1])));
      return [...ends]
        .toSorted(([, one], [, other]) => other - one)
        .slice(0, count)
        .map(([words]) => {
          const [keyringId = '', key = ''] = words.split(' ');
          return { keyringId, key };
        });
    },
    async remove(names, places) {
      const words = places.map(({ keyringId, key }) => `${keyringId} ${key}`);
      await runForEach(remove, names.map(userKey), words);
    },
  };
}
