// What Redis does in one step each. A pointer is a hash; a keyring is one hash too, its rows the fields `r:<key>`,
// each `<version>|<expiresAt or nothing>|<encrypted>`. Redis drops both by PEXPIRE; rows that end before their
// keyring are skipped by every reader and dropped now and then, as only Redis 7.4 could expire them alone.
//
// Times come from the gateway and are compared with the gateway's own, so that the clocks need not agree.

/** Before every name in Redis. */
export const keyPrefix = 'kite-graphql:';

/** The name of a keyring's hash. */
export const keyringKey = (id: string): string => `${keyPrefix}2:keyring:${id}`;

/** The name of a pointer's hash. */
export const pointerKey = (name: string): string => `${keyPrefix}2:pointer:${name}`;

/** The name of what is written to prove that Redis takes writes. */
export const proofKey = (id: string): string => `${keyPrefix}2:proof:${id}`;

/** The channel on which the scripts publish that a keyring was written. */
export const channelOf = (keyringId: string): string => `${keyringKey(keyringId)}${channelEnd}`;

const channelEnd = ':written';

/** What marks a row among a keyring's fields. */
export const rowPrefix = 'r:';

/** Functions that scripts begin with. */
export const sharedSteps = `
  -- Where Redis does not let this user publish, the write stands all the same.
  local function publish(key)
    redis.pcall('PUBLISH', key .. '${channelEnd}', '')
  end
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
  -- Reads all rows, so never for each of many writes. Answers how many are live.
  local function purge(key, now, mayPurge)
    local fields = redis.call('HGETALL', key)
    local live = 0
    for i = 1, #fields, 2 do
      if string.sub(fields[i], 1, 2) == '${rowPrefix}' then
        if not isOver(string.match(fields[i + 1], '^%d+|(%d*)|'), now) then
          live = live + 1
        elseif mayPurge then
          redis.call('HDEL', key, fields[i])
        end
      end
    end
    return live
  end
`;

/** KEYS: keyring. ARGV: now, createdAt, expiresAt. */
export const createKeyring = `${sharedSteps}
  redis.call('HSET', KEYS[1], 'createdAt', ARGV[2], 'revision', '0')
  setEnd(KEYS[1], ARGV[3], tonumber(ARGV[1]))
  return 1
`;

/** KEYS: pointers. ARGV: now. Answers nil, or which of them is there, target, expiresAt, retired. */
export const findPointer = `${sharedSteps}
  for i = 1, #KEYS do
    if isLive(KEYS[i], tonumber(ARGV[1])) then
      local pointer = redis.call('HMGET', KEYS[i], 'target', 'expiresAt', 'retired')
      return { i, pointer[1], pointer[2], pointer[3] }
    end
  end
  return false
`;

/**
 * KEYS: pointers, then a keyring. ARGV: now. Answers as `findPointer`, and behind it nil or the keyring's
 * revision. It is short because each request sends it.
 */
export const checkPointer = `
  local now, keyring = tonumber(ARGV[1]), KEYS[#KEYS]
  for i = 1, #KEYS - 1 do
    local pointer = redis.call('HMGET', KEYS[i], 'target', 'expiresAt', 'retired')
    if pointer[2] and tonumber(pointer[2]) > now then
      local found = redis.call('HMGET', keyring, 'revision', 'expiresAt')
      local isThere = found[2] and tonumber(found[2]) > now
      return { i, pointer[1], pointer[2], pointer[3], isThere and found[1] }
    end
  end
  return false
`;

/** KEYS: keyring. ARGV: now. Answers nil, or all of the keyring. */
export const openKeyring = `${sharedSteps}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return false end
  return redis.call('HGETALL', KEYS[1])
`;

/** KEYS: keyring. ARGV: now, the row's field. Answers nil or the row. */
export const readRecord = `${sharedSteps}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return false end
  return redis.call('HGET', KEYS[1], ARGV[2])
`;

/**
 * KEYS: keyring. ARGV: now, whether expired rows may be dropped, capacity, then for each row its field, the expected
 * version or nothing, expiresAt or nothing, encrypted or, to delete it, nothing. Answers the outcomes.
 */
export const writeRecords = `${sharedSteps}
  local key, now, capacity = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[3])
  local outcomes, isThere, isWritten = {}, isLive(key, now), false
  -- Expired rows are counted too, until it matters.
  local rows, isExact = redis.call('HLEN', key) - 3, false
  for i = 4, #ARGV, 4 do
    local field, expected, expiresAt, encrypted = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local outcome = 'gone'
    if isThere then
      local row = redis.call('HGET', key, field)
      if row and isOver(string.match(row, '^%d+|(%d*)|'), now) then row = false end
      local version = row and string.match(row, '^(%d+)|') or ''
      if not row and rows >= capacity and not isExact then
        rows, isExact = purge(key, now, ARGV[2] == '1'), true
      end
      if version ~= expected then
        outcome = 'conflict'
      elseif not row and rows >= capacity then
        outcome = 'full'
      else
        local revision = redis.call('HINCRBY', key, 'revision', 1)
        if encrypted == '' then
          rows = rows - redis.call('HDEL', key, field)
        else
          if not row then rows = rows + 1 end
          redis.call('HSET', key, field, string.format('%d', revision) .. '|' .. expiresAt .. '|' .. encrypted)
        end
        outcome, isWritten = 'written', true
      end
    end
    outcomes[#outcomes + 1] = outcome
  end
  if isWritten then publish(key) end
  return outcomes
`;

/** KEYS: pointer, keyring. ARGV: now, target, expiresAt. */
export const writePointer = `${sharedSteps}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[2], now) then return 0 end
  redis.call('HSET', KEYS[1], 'target', ARGV[2], 'retired', '0')
  setEnd(KEYS[1], ARGV[3], now)
  prolong(KEYS[2], ARGV[3], now)
  return 1
`;

/** KEYS: pointer, keyring. ARGV: now, whether expired rows may be dropped, expiresAt. */
export const touchPointer = `${sharedSteps}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) or redis.call('HGET', KEYS[1], 'retired') == '1' then return 0 end
  if not isLive(KEYS[2], now) then return 0 end
  prolong(KEYS[1], ARGV[3], now)
  prolong(KEYS[2], ARGV[3], now)
  if ARGV[2] == '1' then purge(KEYS[2], now, true) end
  return 1
`;

/** KEYS: pointer, next pointer. ARGV: now, target, next target. */
export const replacePointer = `
  local found = redis.call('HMGET', KEYS[1], 'target', 'expiresAt')
  if found[1] ~= ARGV[2] or tonumber(found[2]) <= tonumber(ARGV[1]) then return 0 end
  if KEYS[1] ~= KEYS[2] then redis.call('RENAME', KEYS[1], KEYS[2]) end
  redis.call('HSET', KEYS[2], 'target', ARGV[3])
  return 1
`;

/** KEYS: pointer. ARGV: now, expiresAt. */
export const retirePointer = `${sharedSteps}
  local now = tonumber(ARGV[1])
  if not isLive(KEYS[1], now) then return 0 end
  redis.call('HSET', KEYS[1], 'retired', '1')
  local expiresAt = redis.call('HGET', KEYS[1], 'expiresAt')
  if tonumber(ARGV[2]) < tonumber(expiresAt) then setEnd(KEYS[1], ARGV[2], now) end
  return 1
`;

/** KEYS: keyring. ARGV: now, the expected revision. */
export const deleteKeyring = `${sharedSteps}
  if not isLive(KEYS[1], tonumber(ARGV[1])) then return 0 end
  if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then return 0 end
  publish(KEYS[1])
  return redis.call('DEL', KEYS[1])
`;

/** KEYS: proof. ARGV: now, how many bytes, for how many milliseconds at most. */
export const writeProof = `
  redis.call('SET', KEYS[1], string.rep('x', tonumber(ARGV[2])), 'PX', ARGV[3])
  return 1
`;

/** KEYS: proof. ARGV: now, for how many milliseconds at most. Fails where the proof itself was the last that fitted. */
export const checkProof = `
  redis.call('SETRANGE', KEYS[1], 0, 'y')
  redis.call('DEL', KEYS[1])
  return 1
`;

/** KEYS: proof. */
export const deleteProof = `
  return redis.call('DEL', KEYS[1])
`;
