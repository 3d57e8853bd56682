// Pointers in a Redis Cluster. A pointer and its keyring have nothing in common that a store may know, so they are on
// different servers as a rule, and what is one step on one server is several here. Their order keeps every promise:
// - a keyring lives at least as long as its pointers, so it is prolonged first; a failure in between leaves it to expire
//   a little later;
// - a cookie is never without its pointer while that gets another name: the new one is written before the old one is
//   deleted, and the old one is deleted only if it is still as it was copied.
import { z } from 'zod';
import type { RunForEach, RunScript } from './connection.ts';
import { number, parsed, type RedisPointers } from './pointers.ts';
import { keyringKey, pointerKey, sharedSteps } from './scripts.ts';

/** KEYS: pointers. ARGV: now. Answers for each nothing, or target, expiresAt, retired. */
const read = `${sharedSteps}
  local found = {}
  for i = 1, #KEYS do
    found[i] = {}
    if isLive(KEYS[i], tonumber(ARGV[1])) then
      found[i] = redis.call('HMGET', KEYS[i], 'target', 'expiresAt', 'retired')
    end
  end
  return found
`;

/** KEYS: keyring. ARGV: now. Answers nil or its revision. */
const readRevision = `${sharedSteps}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return false end
  return redis.call('HGET', KEYS[1], 'revision')
`;

/** KEYS: keyring. ARGV: now, whether expired rows may be dropped, expiresAt. Answers whether it is there. */
const prolongKeyring = `${sharedSteps}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) then return 0 end
  prolong(KEYS[1], ARGV[3], now)
  if ARGV[2] == '1' then purge(KEYS[1], now, true) end
  return 1
`;

/** KEYS: pointer. ARGV: now, expiresAt. */
const prolongPointer = `${sharedSteps}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) or redis.call('HGET', KEYS[1], 'retired') == '1' then return 0 end
  prolong(KEYS[1], ARGV[2], now)
  return 1
`;

/** KEYS: pointer. ARGV: now, target, expiresAt, retired. A retired one stays so, and one that ends later ends later. */
const write = `${sharedSteps}
  local now = tonumber(ARGV[1])
  local expiresAt, retired = ARGV[3], ARGV[4]
  if isLive(KEYS[1], now) then
    local there = redis.call('HMGET', KEYS[1], 'expiresAt', 'retired')
    if there[2] == '1' then retired = '1' end
    local isLater = tonumber(there[1]) > tonumber(expiresAt)
    if isLater == (retired == '0') then expiresAt = there[1] end
  end
  redis.call('HSET', KEYS[1], 'target', ARGV[2], 'retired', retired)
  setEnd(KEYS[1], expiresAt, now)
  return 1
`;

/** KEYS: pointer. ARGV: now, target, expiresAt, retired. Answers whether it was so, and is gone. */
const deleteUnchanged = `
  local found = redis.call('HMGET', KEYS[1], 'target', 'expiresAt', 'retired')
  if found[1] ~= ARGV[2] or found[2] ~= ARGV[3] or found[3] ~= ARGV[4] then return 0 end
  return redis.call('DEL', KEYS[1])
`;

const readReply = z.array(
  z.union([
    z.tuple([]).transform(() => null),
    z.tuple([z.string(), number, z.enum(['0', '1'])]).transform(([target, expiresAt, retired]) => ({
      target,
      expiresAt,
      retired: retired === '1',
    })),
  ]),
);

/**
 * Pointers of a cluster.
 * @param maxTries how often a change that meets another one is tried again.
 */
export function createClusterPointers(
  run: RunScript,
  runForEach: RunForEach,
  mayPurge: () => string,
  maxTries: number,
): RedisPointers {
  async function findOnce(names: readonly string[]) {
    const found = parsed(readReply, await runForEach(read, names.map(pointerKey)));
    for (const [index, name] of names.entries()) {
      const pointer = found[index];
      if (pointer) return { name, ...pointer };
    }
    return null;
  }
  async function find(names: readonly string[]) {
    // One that gets another name between the reads of the two is missed under both.
    return (await findOnce(names)) ?? (names.length > 1 ? findOnce(names) : null);
  }

  return {
    find,
    async check(names, keyringId) {
      const [pointer, revision] = await Promise.all([
        find(names),
        run(readRevision, [keyringKey(keyringId)]),
      ]);
      return pointer && { pointer, revision: parsed(number.nullable(), revision) };
    },
    async write({ name, target, expiresAt }, keyringId) {
      const isThere = await run(prolongKeyring, [keyringKey(keyringId)], ['0', expiresAt]);
      if (isThere !== 1) return false;
      await run(write, [pointerKey(name)], [target, expiresAt, '0']);
      return true;
    },
    async touch(name, keyringId, expiresAt) {
      const pointer = await findOnce([name]);
      if (pointer === null || pointer.retired) return;
      const keys = [keyringKey(keyringId)];
      if ((await run(prolongKeyring, keys, [mayPurge(), expiresAt])) !== 1) return;
      await run(prolongPointer, [pointerKey(name)], [expiresAt]);
    },
    async replace(name, target, next) {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const pointer = await findOnce([name]);
        if (pointer === null || pointer.target !== target) return false;
        const fields = [pointer.expiresAt, pointer.retired ? '1' : '0'];
        await run(write, [pointerKey(next.name)], [next.encrypted, ...fields]);
        if (next.name === name) return true;
        if ((await run(deleteUnchanged, [pointerKey(name)], [target, ...fields])) === 1)
          return true;
      }
      return false;
    },
  };
}
