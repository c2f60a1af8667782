redis.call('ZREMRANGEBYSCORE', running, 0, ms(now))
local entries = {}
for _, ask in ipairs(asks) do
  entries[#entries + 1] = ms(now + keepMs)
  entries[#entries + 1] = ask
end
redis.call('ZADD', running, unpack(entries))
redis.call('PEXPIRE', running, keepMs)
local overMs = keep(kept, bytes, maxBytes, windowMs)
if redis.call('ZCARD', running) <= maxRunning then return { 'OK', overMs } end
return { 'FULL', overMs, unpack(redis.call('ZRANGE', running, 0, -1)) }
