// Converts what an earlier version of the gateway left in Redis: pointers `kite-graphql:pointer:<hash>` with the
// keyring's id in them, keyrings `kite-graphql:keyring:<id>`.
import { z } from 'zod';
import {
  type ConvertedKeyring,
  type ConvertKeyring,
  KeyringStoreError,
  type OldKeyring,
  type OldPointer,
} from '../store.ts';
import type { RunScript } from './connection.ts';
import { keyPrefix, keyringKey, pointerKey, rowPrefix } from './scripts.ts';

const oldPointerPrefix = `${keyPrefix}pointer:`;
const oldKeyringPrefix = `${keyPrefix}keyring:`;

/** ARGV: now, cursor, the pointers' prefix. Answers the next cursor and, of each pointer, key, keyring, expiresAt, retired. */
const scanPointers = `
  local page = redis.call('SCAN', ARGV[2], 'MATCH', ARGV[3] .. '*', 'COUNT', 500)
  local pointers = {}
  for _, key in ipairs(page[2]) do
    local fields = redis.call('HMGET', key, 'keyring', 'expiresAt', 'retired')
    if fields[1] and fields[2] and fields[3] then
      pointers[#pointers + 1] = { key, fields[1], fields[2], fields[3] }
    end
  end
  return { page[1], pointers }
`;

/** KEYS: keyring. Answers all of it. */
const readKeyring = `
  return redis.call('HGETALL', KEYS[1])
`;

/**
 * KEYS: the old keyring, the new one, then the old and the new pointer, pair by pair. ARGV: now, the revision expected
 * of the old one, createdAt, expiresAt, how many rows, then of each row its field and value, then of each pointer target,
 * expiresAt, retired.
 */
const replaceKeyring = `
  local now = tonumber(ARGV[1])
  if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then return 0 end
  local function setEnd(key, expiresAt)
    redis.call('HSET', key, 'expiresAt', expiresAt)
    redis.call('PEXPIRE', key, math.max(1, tonumber(expiresAt) - now))
  end
  redis.call('HSET', KEYS[2], 'createdAt', ARGV[3], 'revision', ARGV[5])
  local at = 6
  for _ = 1, tonumber(ARGV[5]) do
    redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  setEnd(KEYS[2], ARGV[4])
  for i = 3, #KEYS, 2 do
    redis.call('HSET', KEYS[i + 1], 'target', ARGV[at], 'retired', ARGV[at + 2])
    setEnd(KEYS[i + 1], ARGV[at + 1])
    redis.call('DEL', KEYS[i])
    at = at + 3
  end
  redis.call('DEL', KEYS[1])
  return 1
`;

const number = z.string().regex(/^\d+$/).transform(Number);
const pageReply = z.tuple([
  z.string(),
  z.array(z.tuple([z.string(), z.string(), number, z.enum(['0', '1'])])),
]);
const fieldsReply = z.array(z.string());
const keyringFields = z.object({ createdAt: number, expiresAt: number, revision: number });

/** Converts every keyring of the old layout. One that changes meanwhile stays for the next start. */
export async function upgradeRedis(run: RunScript, convert: ConvertKeyring): Promise<void> {
  for (const [id, pointers] of await findOldPointers(run)) {
    const old = parseKeyring(id, pointers, await run(readKeyring, [oldKeyringPrefix + id]));
    const converted = old && convert(old);
    if (converted) await replace(run, old, converted);
  }
}

async function findOldPointers(run: RunScript): Promise<Map<string, OldPointer[]>> {
  const found = new Map<string, Map<string, OldPointer>>();
  let cursor = '0';
  do {
    const page = pageReply.safeParse(await run(scanPointers, [], [cursor, oldPointerPrefix]));
    if (!page.success) throw new KeyringStoreError();
    for (const [key, keyring, expiresAt, retired] of page.data[1]) {
      const hash = key.slice(oldPointerPrefix.length);
      const pointers = found.get(keyring) ?? new Map<string, OldPointer>();
      // A scan may name a key twice.
      found.set(keyring, pointers.set(hash, { hash, expiresAt, retired: retired === '1' }));
    }
    cursor = page.data[0];
  } while (cursor !== '0');
  return new Map([...found].map(([id, pointers]) => [id, [...pointers.values()]]));
}

function parseKeyring(
  id: string,
  pointers: readonly OldPointer[],
  reply: unknown,
): OldKeyring | null {
  const fields = fieldsReply.parse(reply);
  const entries = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) entries.set(fields[i] ?? '', fields[i + 1] ?? '');
  const keyring = keyringFields.safeParse(Object.fromEntries(entries));
  if (!keyring.success) return null;
  const records = [...entries].flatMap(([field, row]) => {
    const [, , expiresAt = '', encrypted] = /^(\d+)\|(\d*)\|(.+)$/.exec(row) ?? [];
    if (!field.startsWith(rowPrefix) || encrypted === undefined) return [];
    const key = field.slice(rowPrefix.length);
    return [{ key, encrypted, expiresAt: expiresAt === '' ? null : Number(expiresAt) }];
  });
  return { id, ...keyring.data, pointers, records };
}

async function replace(
  run: RunScript,
  old: OldKeyring,
  converted: ConvertedKeyring,
): Promise<void> {
  const { id, createdAt, expiresAt, pointers, records } = converted;
  const rows = records.flatMap(({ key, encrypted, expiresAt: end }, index) => [
    rowPrefix + key,
    `${index + 1}|${end ?? ''}|${encrypted}`,
  ]);
  const pairs = old.pointers.flatMap(({ hash }, index) => [
    oldPointerPrefix + hash,
    pointerKey(pointers[index]?.name ?? ''),
  ]);
  const targets = pointers.flatMap((pointer) => [
    pointer.target,
    pointer.expiresAt,
    pointer.retired ? '1' : '0',
  ]);
  await run(
    replaceKeyring,
    [oldKeyringPrefix + old.id, keyringKey(id), ...pairs],
    [old.revision, createdAt, expiresAt, records.length, ...rows, ...targets],
  );
}
