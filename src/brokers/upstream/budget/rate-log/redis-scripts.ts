// What the rate log runs in Redis, each script as one step by Redis's own clock.

/**
 * Counts calls.
 * KEYS: two sorted sets, of calls in flight by when they were sent and of ended ones by when they arrived at the
 * latest; and what closes the window. ARGV: how long an arrival counts, the longest way, the limit; then one of
 *   start NAME       answers {0, now} for a start, else {milliseconds to wait, now}
 *   sent NAME TIME   the call in flight went out only then
 *   ended NAME TIME  the call has arrived by then
 *   close TIME       nothing starts for so many milliseconds
 *   usage            answers {how many count, milliseconds until it opens}
 * A call in flight counts as arriving now, until the longest way has passed. All times are Redis's, in milliseconds.
 */
export const countScript = `
local underWay, ended, closed = KEYS[1], KEYS[2], KEYS[3]
local counted, way, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local verb, name, at = ARGV[4], ARGV[5], ARGV[6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function keep(key) redis.call('PEXPIRE', key, 2 * (counted + way)) end
if verb == 'sent' then
  redis.call('ZADD', underWay, 'XX', at, name)
elseif verb == 'ended' then
  if redis.call('ZREM', underWay, name) == 1 then
    redis.call('ZADD', ended, at, name)
    keep(ended)
  end
elseif verb == 'close' then
  if redis.call('PTTL', closed) < tonumber(name) then redis.call('SET', closed, '1', 'PX', name) end
elseif verb == 'usage' then
  local counting = redis.call('ZCOUNT', ended, '(' .. (now - counted), '+inf')
    + redis.call('ZCOUNT', underWay, '(' .. (now - counted - way), '+inf')
  return { counting, math.max(0, redis.call('PTTL', closed)) }
else
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
  redis.call('ZADD', underWay, now, name)
  keep(underWay)
end
return { 0, now }
`;

/**
 * Counts gateways.
 * KEYS: a sorted set of them by when they were last heard of. ARGV: one's name, and for how many milliseconds it counts, 0
 * to take it out. Answers how many there are.
 */
export const announceScript = `
local gateways, name, counted = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if counted > 0 then redis.call('ZADD', gateways, now + counted, name) else redis.call('ZREM', gateways, name) end
redis.call('ZREMRANGEBYSCORE', gateways, '-inf', now)
redis.call('PEXPIRE', gateways, 60000)
return redis.call('ZCARD', gateways)
`;
