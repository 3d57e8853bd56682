// What the rate log runs in Redis, each script as one step by Redis's own clock.

const shared = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Counts calls.
 * KEYS: two sorted sets, of calls in flight by when they were sent and of ended ones by when they arrived at the
 * latest; and what closes the window. ARGV: how long an arrival counts, the longest way, the limit; then one of
 *   start NAME TIME  answers {0, now} for a start, {milliseconds to wait, now}, or {-1, now} where it came after that time
 *   note NAME        the call starts, whatever the limit: the share of its replica covers it
 *   sent NAME TIME   the call went out only then, or has not gone out by then; without TIME: now
 *   ended NAME TIME  the call has arrived by then; without TIME: now
 *   close TIME       nothing starts for so many milliseconds
 *   usage            answers {how many count, milliseconds until it opens}
 * A call in flight counts as arriving now, until the longest way has passed. What is told of a call holds also where Redis
 * does not know the call: it may have lost its memory. All times are Redis's, in milliseconds.
 */
export const countScript = `${shared}
  local underWay, ended, closed = KEYS[1], KEYS[2], KEYS[3]
  local counted, way, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local verb, name, at = ARGV[4], ARGV[5], ARGV[6]
  local function keep(key) redis.call('PEXPIRE', key, 2 * (counted + way)) end
  -- No later than now, or a clock that differs would have it count for longer.
  local function moment() return math.min(tonumber(at) or now, now) end
  if verb == 'sent' then
    redis.call('ZADD', underWay, moment(), name)
    keep(underWay)
  elseif verb == 'ended' then
    redis.call('ZREM', underWay, name)
    redis.call('ZADD', ended, moment(), name)
    keep(ended)
  elseif verb == 'close' then
    if redis.call('PTTL', closed) < tonumber(name) then redis.call('SET', closed, '1', 'PX', name) end
  elseif verb == 'usage' then
    local counting = redis.call('ZCOUNT', ended, '(' .. (now - counted), '+inf')
      + redis.call('ZCOUNT', underWay, '(' .. (now - counted - way), '+inf')
    return { counting, math.max(0, redis.call('PTTL', closed)) }
  else
    if verb == 'start' then
      if now > tonumber(at) then return { -1, now } end
      local wait = redis.call('PTTL', closed)
      if wait > 0 then return { wait, now } end
      redis.call('ZREMRANGEBYSCORE', ended, '-inf', now - counted)
      redis.call('ZREMRANGEBYSCORE', underWay, '-inf', now - counted - way)
      if redis.call('ZCARD', ended) + redis.call('ZCARD', underWay) >= limit then
        local oldest = now
        local first = redis.call('ZRANGE', ended, 0, 0, 'WITHSCORES')[2]
        if first then oldest = math.min(oldest, first) end
        first = redis.call('ZRANGE', underWay, 0, 0, 'WITHSCORES')[2]
        if first then oldest = math.min(oldest, first + way) end
        return { math.max(1, oldest + counted - now), now }
      end
    end
    redis.call('ZADD', underWay, now, name)
    keep(underWay)
  end
  return { 0, now }
`;

/**
 * Keeps the table of replicas: what they are in redis-share.ts.
 * KEYS: a hash by the name of a replica, each `<share>|<from>|<until>|<turn>|<expected>`. ARGV: name, turn or 0 to look
 * only, the share that it holds, from, until, expected, the limit, the most replicas, the longest time until `until`.
 * Answers now, the share that it may hold from now on, 1 where it was in the table, and of each other replica share, from,
 * until, expected. What no replica has written stands for no longer than that time: a row beyond it is removed, and a table
 * that is too long is lost as with all of Redis.
 */
export const beatScript = `${shared}
  local key, name, turn, limit = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[7])
  local maxReplicas, latest = tonumber(ARGV[8]), now + tonumber(ARGV[9])
  local others, free, mine = {}, limit, nil
  if redis.call('HLEN', key) > maxReplicas then redis.call('DEL', key) end
  local table = redis.call('HGETALL', key)
  for i = 1, #table, 2 do
    local share, from, until_, of, expected = string.match(table[i + 1], '^(%d+)|(%d+)|(%d+)|(%d+)|(%d+)$')
    local ends = tonumber(until_)
    if not share or ends <= now or ends > latest or tonumber(from) > ends then
      redis.call('HDEL', key, table[i])
    elseif table[i] == name then
      mine = tonumber(of)
    else
      share = math.min(tonumber(share), limit)
      free = free - share
      others[#others + 1] = { share, tonumber(from), ends, math.min(tonumber(expected), maxReplicas) }
    end
  end
  -- Something always stays free: replicas that crash leave their shares behind, and those that replace them must go on.
  local fair = math.floor(limit / (#others + 2))
  local share = math.max(0, math.min(math.max(1, fair), math.floor(free / 2)))
  -- One that comes late, behind a newer one, changes nothing.
  if turn > 0 and turn > (mine or 0) then
    local held = math.max(tonumber(ARGV[3]), share)
    redis.call('HSET', key, name, string.format('%d|%s|%s|%d|%s', held, ARGV[4], ARGV[5], turn, ARGV[6]))
    local left = math.max(1, tonumber(ARGV[5]) - now)
    if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
  end
  return { now, share, mine and 1 or 0, others }
`;

/** KEYS: the table. ARGV: name. Takes a replica out. */
export const leaveScript = `
  return redis.call('HDEL', KEYS[1], ARGV[1])
`;
