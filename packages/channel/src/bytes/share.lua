-- Counts a user's share: the size of each blob, the sum of these sizes, and when each blob stops counting. A blob
-- counts once, even if `hold` is called several times. Each call costs O(log n) for n blobs.
local function dropShare(ref)
  local size = redis.call('HGET', share, ref)
  if size then
    redis.call('HDEL', share, ref)
    redis.call('HINCRBY', share, 'sum', '-' .. size)
  end
  redis.call('ZREM', shareUntil, ref)
end

local function setShare(ref, size, keepMs)
  dropShare(ref)
  redis.call('HSET', share, ref, ms(size))
  redis.call('HINCRBY', share, 'sum', ms(size))
  redis.call('ZADD', shareUntil, ms(now + keepMs), ref)
end

-- Lets a blob count for `keepMs` from now, if the share has it. Does not add the blob to the share.
local function renewShare(ref, keepMs)
  redis.call('ZADD', shareUntil, 'XX', ms(now + keepMs), ref)
  redis.call('PEXPIRE', share, heldMs)
  redis.call('PEXPIRE', shareUntil, heldMs)
end

-- Returns in how many ms `bytes` of the share are free again. Only the next 100 blobs to expire are read; if they do
-- not free enough, the result is when the last of them expires.
local function freeIn(bytes)
  local next = redis.call('ZRANGE', shareUntil, 0, 99, 'WITHSCORES')
  for i = 1, #next, 2 do
    bytes = bytes - tonumber(redis.call('HGET', share, next[i]) or 0)
    if bytes <= 0 or i + 2 > #next then return tonumber(next[i + 1]) - now end
  end
  return keepMs
end

-- Counts a blob if the share has room for it; otherwise returns false and the ms until there is room. Each call also
-- drops up to 100 expired blobs from the share. As it adds only one, expired blobs do not pile up.
local function hold(ref, size)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', shareUntil, 0, ms(now), 'LIMIT', 0, 100)) do dropShare(other) end
  dropShare(ref)
  local missing = tonumber(redis.call('HGET', share, 'sum') or 0) + size - maxUserBytes
  if missing > 0 then return false, freeIn(missing) end
  setShare(ref, size, keepMs)
  renewShare(ref, keepMs)
  return true
end
