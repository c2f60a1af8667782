local knownName, knownSize, hidden = unpack(redis.call('HMGET', up, 'name', 'size', 'hidden'))
if knownName then
  if hidden or knownName ~= name or tonumber(knownSize) ~= size then return { 'CONFLICT' } end
  return { 'KNOWN' }
end
redis.call('ZREMRANGEBYSCORE', unfinished, 0, ms(now))
if redis.call('ZCARD', unfinished) >= maxUnfinished then
  return { 'BUSY', tonumber(redis.call('ZRANGE', unfinished, 0, 0, 'WITHSCORES')[2]) - now }
end
local fits, freeInMs = hold(ref, size)
if not fits then return { 'QUOTA', freeInMs } end
redis.call('ZADD', unfinished, ms(now + keepMs), ref)
redis.call('PEXPIRE', unfinished, heldMs)
list(id)
redis.call('HSET', up, 'id', id, 'name', name, 'type', mime, 'size', size, 'offset', 0, 'ref', ref, 'done', 0)
redis.call('PEXPIRE', up, keepMs)
return { 'BEGUN' }
