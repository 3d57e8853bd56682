// What Redis does in one step each. A pointer is a hash; a keyring is one hash too, its rows the fields `r:<key>`,
// each `<version>|<expiresAt or nothing>|<sealed>`. Redis drops both by PEXPIRE; rows that end before their
// keyring are skipped by every reader and dropped with the next change to it, as only Redis 7.4 could expire them
// alone. Scripts that begin at a pointer reach a key which is not among KEYS: one server or a primary with
// replicas, no cluster.
//
// Times come from the gateway and are compared with the gateway's own, so that the clocks need not agree.

/** Before every name in Redis. */
export const keyPrefix = 'kite-graphql:';

/** The name of a keyring's hash. */
export const keyringKey = (id: string): string => `${keyPrefix}keyring:${id}`;

/** The name of a pointer's hash. */
export const pointerKey = (hash: string): string => `${keyPrefix}pointer:${hash}`;

/** What marks a row among a keyring's fields. */
export const rowPrefix = 'r:';

const shared = `
  local function isOver(expiresAt, now)
    return expiresAt ~= '' and tonumber(expiresAt) <= now
  end
  local function isLive(key, now)
    local expiresAt = redis.call('HGET', key, 'expiresAt')
    return expiresAt and not isOver(expiresAt, now)
  end
  local function setEnd(key, expiresAt, now)
    redis.call('HSET', key, 'expiresAt', expiresAt)
    redis.call('PEXPIRE', key, math.max(1, tonumber(expiresAt) - now))
  end
  local function prolong(key, expiresAt, now)
    if tonumber(redis.call('HGET', key, 'expiresAt')) < tonumber(expiresAt) then
      setEnd(key, expiresAt, now)
    end
  end
  local function purge(key, now)
    local fields = redis.call('HGETALL', key)
    local live = 0
    for i = 1, #fields, 2 do
      if string.sub(fields[i], 1, 2) == '${rowPrefix}' then
        if isOver(string.match(fields[i + 1], '^%d+|(%d*)|'), now) then
          redis.call('HDEL', key, fields[i])
        else
          live = live + 1
        end
      end
    end
    return live
  end
`;

/** KEYS: keyring. ARGV: now, createdAt, expiresAt. */
export const createKeyring = `${shared}
  redis.call('HSET', KEYS[1], 'createdAt', ARGV[2], 'revision', '0')
  setEnd(KEYS[1], ARGV[3], tonumber(ARGV[1]))
  return 1
`;

/** KEYS: pointer. ARGV: now, the keyrings' prefix. Answers nil, or id, expiresAt, retired, all of the keyring. */
export const open = `${shared}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) then return false end
  local pointer = redis.call('HMGET', KEYS[1], 'keyring', 'expiresAt', 'retired')
  local key = ARGV[2] .. pointer[1]
  if not isLive(key, now) then return false end
  return { pointer[1], pointer[2], pointer[3], redis.call('HGETALL', key) }
`;

/** KEYS: keyring. ARGV: now, the row's field. Answers nil or the row. */
export const readRecord = `${shared}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return false end
  return redis.call('HGET', KEYS[1], ARGV[2])
`;

/**
 * KEYS: keyring. ARGV: now, capacity, then for each row its field, the expected version or nothing, expiresAt or
 * nothing, sealed. Answers the outcomes.
 */
export const writeRecords = `${shared}
  local key, now, capacity = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
  local outcomes, isThere = {}, isLive(key, now)
  local live = isThere and purge(key, now)
  for i = 3, #ARGV, 4 do
    local field, expected, expiresAt, sealed = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local outcome = 'gone'
    if isThere then
      local row = redis.call('HGET', key, field)
      local version = row and string.match(row, '^(%d+)|') or ''
      if version ~= expected then
        outcome = 'conflict'
      elseif not row and live >= capacity then
        outcome = 'full'
      else
        if not row then live = live + 1 end
        local revision = redis.call('HINCRBY', key, 'revision', 1)
        redis.call('HSET', key, field, string.format('%d', revision) .. '|' .. expiresAt .. '|' .. sealed)
        outcome = 'written'
      end
    end
    outcomes[#outcomes + 1] = outcome
  end
  return outcomes
`;

/** KEYS: pointer, keyring. ARGV: now, the keyring's id, expiresAt. */
export const writePointer = `${shared}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[2], now) then return 0 end
  redis.call('HSET', KEYS[1], 'keyring', ARGV[2], 'retired', '0')
  setEnd(KEYS[1], ARGV[3], now)
  prolong(KEYS[2], ARGV[3], now)
  return 1
`;

/** KEYS: pointer. ARGV: now, the keyrings' prefix, expiresAt. */
export const touchPointer = `${shared}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) or redis.call('HGET', KEYS[1], 'retired') == '1' then return 0 end
  local key = ARGV[2] .. redis.call('HGET', KEYS[1], 'keyring')
  if not isLive(key, now) then return 0 end
  prolong(KEYS[1], ARGV[3], now)
  prolong(key, ARGV[3], now)
  purge(key, now)
  return 1
`;

/** KEYS: pointer. ARGV: now, expiresAt. */
export const retirePointer = `${shared}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) then return 0 end
  redis.call('HSET', KEYS[1], 'retired', '1')
  local expiresAt = redis.call('HGET', KEYS[1], 'expiresAt')
  if tonumber(ARGV[2]) < tonumber(expiresAt) then setEnd(KEYS[1], ARGV[2], now) end
  return 1
`;

/** KEYS: keyring. ARGV: now, the expected revision. */
export const deleteKeyring = `${shared}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return 0 end
  if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then return 0 end
  return redis.call('DEL', KEYS[1])
`;
