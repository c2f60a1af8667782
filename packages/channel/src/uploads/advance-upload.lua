local at, ref, size = unpack(redis.call('HMGET', up, 'offset', 'ref', 'size'))
if not at then return { 'UNKNOWN' } end
at = tonumber(at)
-- A finished upload is kept for longer than an idle one.
if redis.call('PTTL', up) < keepMs then
  redis.call('PEXPIRE', up, keepMs)
  setShare(ref, size, keepMs)
  redis.call('PEXPIRE', held, heldMs)
end
if offset < at then return { 'REPEATED', at } end
if offset > at then return { 'HOLE', at } end
redis.call('HSET', up, 'offset', at + length)
return { 'ADVANCED', at + length }
