// The revocations in Redis, and its deliveries: for each, one hash of `<dueAt>|<expiresAt>|<encrypted>` by id, and a sorted set of the ids by dueAt.
import { z } from 'zod';
import type { DueList, RevocationList, StoredRevocation } from '../revocation-list.ts';
import { KeyringStoreError } from '../store.ts';
import type { RunScript } from './connection.ts';
import { keyPrefix } from './scripts.ts';

/** The hash and the sorted set of a list; the braces keep them on one server of a cluster. */
export const listKeys = (name: DueList): [string, string] => [
  `${keyPrefix}2:{${name}}`,
  `${keyPrefix}2:{${name}}:due`,
];

const shared = `
  local list, due, now = KEYS[1], KEYS[2], tonumber(ARGV[1])
  local function read(id)
    local row = redis.call('HGET', list, id)
    if not row then return nil end
    local dueAt, expiresAt, encrypted = string.match(row, '^(%d+)|(%d+)|(.+)$')
    if tonumber(expiresAt) <= now then return nil, true end
    return { id, dueAt, expiresAt, encrypted }
  end
  local function write(id, dueAt, expiresAt, encrypted)
    redis.call('HSET', list, id, dueAt .. '|' .. expiresAt .. '|' .. encrypted)
    redis.call('ZADD', due, dueAt, id)
    -- Both go away with the last that is in them, also where no gateway is left to delete it.
    local left = math.max(1, tonumber(expiresAt) - now)
    for _, key in ipairs(KEYS) do
      if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
    end
  end
  local function remove(id)
    redis.call('HDEL', list, id)
    redis.call('ZREM', due, id)
  end
`;

/** ARGV: now, whether expired ones may be deleted, id, dueAt, expiresAt, encrypted, capacity. */
const add = `${shared}
  if read(ARGV[3]) then return 'exists' end
  local capacity = tonumber(ARGV[7])
  local count = redis.call('HLEN', list)
  if count >= capacity then
    for _, id in ipairs(redis.call('HKEYS', list)) do
      local _, isOver = read(id)
      if isOver then
        count = count - 1
        if ARGV[2] == '1' then remove(id) end
      end
    end
  end
  if count >= capacity then return 'full' end
  write(ARGV[3], ARGV[4], ARGV[5], ARGV[6])
  return 'written'
`;

/** ARGV: now, whether expired ones may be deleted, until, count. Answers id, dueAt, expiresAt, encrypted of each. */
const claim = `${shared}
  local claimed, most = {}, tonumber(ARGV[4])
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[1])) do
    if #claimed == most then break end
    local row, isOver = read(id)
    if row then
      write(id, ARGV[3], row[3], row[4])
      claimed[#claimed + 1] = { id, ARGV[3], row[3], row[4] }
    elseif not isOver or ARGV[2] == '1' then
      remove(id)
    end
  end
  return claimed
`;

/** ARGV: now, id, the expected dueAt, dueAt. */
const postpone = `${shared}
  local row = read(ARGV[2])
  if not row or row[2] ~= ARGV[3] then return 0 end
  write(ARGV[2], ARGV[4], row[3], row[4])
  return 1
`;

/** ARGV: now, ids. */
const removeAll = `${shared}
  for i = 2, #ARGV do remove(ARGV[i]) end
  return 1
`;

const outcome = z.enum(['written', 'exists', 'full']);
const number = z.string().regex(/^\d+$/).transform(Number);
const rows = z
  .tuple([z.string(), number, number, z.string()])
  .transform(([id, dueAt, expiresAt, encrypted]): StoredRevocation => {
    return { id, dueAt, expiresAt, encrypted };
  })
  .array();

/**
 * A list in Redis.
 * @param name what it holds.
 * @param mayPurge `1` where what has expired may be deleted for good.
 */
export function createRedisRevocations(
  name: DueList,
  run: RunScript,
  mayPurge: () => string,
): RevocationList {
  const keys = listKeys(name);
  return {
    async add({ id, dueAt, expiresAt, encrypted }, capacity) {
      const args = [mayPurge(), id, dueAt, expiresAt, encrypted, capacity];
      return parsed(outcome, await run(add, keys, args));
    },
    async claim(until, count) {
      return parsed(rows, await run(claim, keys, [mayPurge(), until, count]));
    },
    async postpone(id, expectedDueAt, dueAt) {
      return (await run(postpone, keys, [id, expectedDueAt, dueAt])) === 1;
    },
    async remove(ids) {
      await run(removeAll, keys, ids);
    },
  };
}

function parsed<Value>(shape: z.ZodType<Value>, reply: unknown): Value {
  const result = shape.safeParse(reply);
  if (!result.success) throw new KeyringStoreError();
  return result.data;
}
