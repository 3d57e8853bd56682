// All that is in Redis, page by page as SCAN walks it, and texts that are put in the place of others.
import { z } from 'zod';
import { KeyringStoreError, type Page, type StoreListing } from '../store.ts';
import type { RunScript, ScriptArguments } from './connection.ts';
import { listKeys } from './revocations.ts';
import { keyringKey, pointerKey } from './scripts.ts';

/** ARGV: now, cursor, prefix, count. Answers the next cursor and the keys behind the prefix. */
const scan = `
  local page = redis.call('SCAN', ARGV[2], 'MATCH', ARGV[3] .. '*', 'COUNT', ARGV[4])
  local found = {}
  for _, key in ipairs(page[2]) do
    local expiresAt = redis.call('HGET', key, 'expiresAt')
    if expiresAt and tonumber(expiresAt) > tonumber(ARGV[1]) then
      found[#found + 1] = string.sub(key, #ARGV[3] + 1)
    end
  end
  return { page[1], found }
`;

/** KEYS: the list. ARGV: now, cursor, count. Answers the next cursor, and the id and row of each entry. */
const scanDue = `
  local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
  local found = {}
  for i = 1, #page[2], 2 do
    local dueAt, expiresAt, encrypted = string.match(page[2][i + 1], '^(%d+)|(%d+)|(.+)$')
    if expiresAt and tonumber(expiresAt) > tonumber(ARGV[1]) then
      found[#found + 1] = { page[2][i], dueAt, expiresAt, encrypted }
    end
  end
  return { page[1], found }
`;

/** KEYS: the list. ARGV: now, id, encrypted, next encrypted. */
const replaceDue = `
  local row = redis.call('HGET', KEYS[1], ARGV[2])
  if not row then return 0 end
  local dueAt, expiresAt, encrypted = string.match(row, '^(%d+)|(%d+)|(.+)$')
  if encrypted ~= ARGV[3] or tonumber(expiresAt) <= tonumber(ARGV[1]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[2], dueAt .. '|' .. expiresAt .. '|' .. ARGV[4])
  return 1
`;

const number = z.string().regex(/^\d+$/).transform(Number);
const keysReply = z.tuple([z.string(), z.array(z.string())]);
const dueReply = z.tuple([
  z.string(),
  z
    .tuple([z.string(), number, number, z.string()])
    .transform(([id, dueAt, expiresAt, encrypted]) => ({ id, dueAt, expiresAt, encrypted }))
    .array(),
]);

/** Runs scripts; the time stands before their arguments. */
interface Runs {
  readonly run: RunScript;
  readonly runOn: (server: string, script: string, args: ScriptArguments) => Promise<unknown>;
  readonly servers: readonly string[];
  readonly replacePointer: StoreListing['replacePointer'];
}

/** Lists what is in Redis, one server after the other. */
export function createRedisListing(redis: Runs): StoreListing {
  const { run } = redis;

  /** @param after where the walk of a server is, that server, and those behind it. */
  async function keys(prefix: string, after: string | null, count: number): Promise<Page<string>> {
    const [cursor = '0', server = '', ...others] = after?.split(' ') ?? ['0', ...redis.servers];
    const page = pageOf(keysReply, await redis.runOn(server, scan, [cursor, prefix, count]));
    if (page.next !== null) return { ...page, next: [page.next, server, ...others].join(' ') };
    return { ...page, next: others.length > 0 ? ['0', ...others].join(' ') : null };
  }

  return {
    keyrings: (after, count) => keys(keyringKey(''), after, count),
    pointers: (after, count) => keys(pointerKey(''), after, count),
    async due(list, after, count) {
      const [key] = listKeys(list);
      return pageOf(dueReply, await run(scanDue, [key], [after ?? '0', count]));
    },
    replacePointer: redis.replacePointer,
    async replaceDue(list, id, encrypted, next) {
      const [key] = listKeys(list);
      return (await run(replaceDue, [key], [id, encrypted, next])) === 1;
    },
  };
}

function pageOf<Item>(
  shape: z.ZodType<[cursor: string, items: Item[]]>,
  reply: unknown,
): Page<Item> {
  const { data } = shape.safeParse(reply);
  if (data === undefined) throw new KeyringStoreError();
  const [cursor, items] = data;
  return { items, next: cursor === '0' ? null : cursor };
}
