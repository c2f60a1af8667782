redis.call('ZREMRANGEBYSCORE', running, 0, ms(now))
redis.call('ZADD', running, ms(now + keepMs), ask)
redis.call('PEXPIRE', running, keepMs)
local overMs = keep(kept, bytes, maxBytes, windowMs)
if redis.call('ZCARD', running) <= maxRunning then return { 'OK', overMs } end
return { 'FULL', overMs, unpack(redis.call('ZRANGE', running, 0, -1)) }
