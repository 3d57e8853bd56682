// What leases are in Redis, and what Redis does with them in one step each. A lease is one hash: `holder`, the replica that
// polls; `fence`, which grows with each holder; `latest`, the encrypted result; and for each replica that watches
// `want:<replica>`, when it was written and what that replica wants, encrypted. Its name is also that of the channel on
// which results travel. All times are Redis's own, in milliseconds.

/** Before the name of every lease. */
const prefix = 'kite-graphql:live:';

/** The replicas that take part: a sorted set, by when each counts as gone. */
export const replicasKey = `${prefix}replicas`;

/** The hash and the channel of a lease; the braces name its slot in a cluster. */
export const leaseKey = (name: string): string => `${prefix}{${name}}`;

/** The channel on which a process hears itself. */
export const echoChannel = (processId: string): string => `${prefix}echo:${processId}`;

/** What marks what a replica wants among the fields of a lease. */
export const wantPrefix = 'want:';

/** The name of a replica: 128 random bits in base64url. */
const nameLength = 22;

const time = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function text(number) return string.format('%.0f', number) end
`;

/** What is in a lease beside the wants. */
const ownFields = 3;

const clean = `
  -- The fields of the lease, without what no replica has written.
  local function clean(lease, maxWants, maxBytes, now)
    if redis.call('HLEN', lease) > maxWants + ${ownFields} then redis.call('DEL', lease) end
    local fields, kept = redis.call('HGETALL', lease), {}
    for i = 1, #fields, 2 do
      local name, value = fields[i], fields[i + 1]
      local isWant = string.sub(name, 1, ${wantPrefix.length}) == '${wantPrefix}'
      local since = isWant and tonumber(string.match(value, '^(%d+)|'))
      if #name + #value > maxBytes or (isWant and (not since or since > now)) then
        redis.call('HDEL', lease, name)
      else
        kept[#kept + 1] = name
        kept[#kept + 1] = value
      end
    end
    return kept
  end
`;

const prolong = `
  local function prolong(key, life)
    if redis.call('PTTL', key) < tonumber(life) then redis.call('PEXPIRE', key, life) end
  end
`;

/**
 * KEYS: the replicas. ARGV: a replica, for how long it counts, 0 to take it out; its echo channel; its former name; the most
 * replicas. Answers the time, then all that count: none that would count for ten times as long as this one, and those that
 * count for the shortest time where there are too many, as no replica has written the others.
 */
export const beatScript = `${time}
  local replicas, me, life = KEYS[1], ARGV[1], tonumber(ARGV[2])
  if life > 0 then
    redis.call('ZADD', replicas, now + life, me)
    redis.call('PEXPIRE', replicas, 10 * life)
    redis.call('PUBLISH', ARGV[3], '')
    redis.call('ZREMRANGEBYSCORE', replicas, '(' .. text(now + 10 * life), '+inf')
  else
    redis.call('ZREM', replicas, me)
  end
  redis.call('ZREM', replicas, ARGV[4])
  redis.call('ZREMRANGEBYSCORE', replicas, '-inf', now)
  redis.call('ZREMRANGEBYRANK', replicas, ARGV[5], -1)
  local answer = { text(now) }
  for _, replica in ipairs(redis.call('ZRANGE', replicas, 0, -1)) do
    if #replica == ${nameLength} then answer[#answer + 1] = replica else redis.call('ZREM', replicas, replica) end
  end
  return answer
`;

/**
 * Takes the lease where it is free, and writes down what a replica wants.
 * KEYS: the lease. ARGV: the replica, what it wants, how long the lease is kept, a notice for the holder, 1 where what it wants
 * is news, the most wants and the most bytes of a field, then the replicas that are gone. Answers all of the lease. The holder
 * has the notice where it may not have read the want: it is news, or Redis had lost it.
 */
export const lookScript = `${time}${clean}${prolong}
  local lease, me, want, life, notice = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
  local isNews = ARGV[5] == '1'
  clean(lease, tonumber(ARGV[6]), tonumber(ARGV[7]), now)
  local holder = redis.call('HGET', lease, 'holder')
  for i = 8, #ARGV do
    redis.call('HDEL', lease, '${wantPrefix}' .. ARGV[i])
    if holder == ARGV[i] then holder = false end
  end
  if not holder then
    holder = me
    local last = tonumber(redis.call('HGET', lease, 'fence') or '0')
    redis.call('HSET', lease, 'holder', me, 'fence', text(math.max(now, last + 1)))
  end
  local isNew = redis.call('HSET', lease, '${wantPrefix}' .. me, text(now) .. '|' .. want) == 1
  prolong(lease, life)
  if holder ~= me and (isNews or isNew) then redis.call('PUBLISH', lease, notice) end
  return redis.call('HGETALL', lease)
`;

/**
 * Publishes a result, if the replica still holds the lease.
 * KEYS: the lease. ARGV: the replica, its fence, the result, how long the lease is kept. Answers 1 where it is published.
 */
export const publishScript = `${prolong}
  local lease = KEYS[1]
  local found = redis.call('HMGET', lease, 'holder', 'fence')
  if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then return 0 end
  redis.call('HSET', lease, 'latest', ARGV[3])
  prolong(lease, ARGV[4])
  redis.call('PUBLISH', lease, ARGV[3])
  return 1
`;

/** Ends the lease. KEYS: the lease. ARGV: the most wants and the most bytes of a field. Answers all that was in it. */
export const endScript = `${time}${clean}
  local fields = clean(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), now)
  redis.call('DEL', KEYS[1])
  return fields
`;

/** Publishes the final result, of whatever replica. KEYS: the lease. ARGV: the result. */
export const finalScript = `
  redis.call('PUBLISH', KEYS[1], ARGV[1])
  return 1
`;

/** KEYS: the lease. ARGV: the replica that leaves, a notice for those that stay. The lease ends with the last of them. */
export const leaveScript = `
  local lease, me = KEYS[1], ARGV[1]
  redis.call('HDEL', lease, '${wantPrefix}' .. me)
  if redis.call('HGET', lease, 'holder') == me then redis.call('HDEL', lease, 'holder') end
  for _, field in ipairs(redis.call('HKEYS', lease)) do
    if string.sub(field, 1, ${wantPrefix.length}) == '${wantPrefix}' then
      redis.call('PUBLISH', lease, ARGV[2])
      return 1
    end
  end
  redis.call('DEL', lease)
  return 0
`;
