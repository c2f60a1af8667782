redis.call('ZREMRANGEBYSCORE', running, 0, ms(now))
redis.call('ZADD', running, ms(now + keepMs), ask)
redis.call('PEXPIRE', running, keepMs)
if redis.call('ZCARD', running) <= max then return { 'OK' } end
return { 'FULL', unpack(redis.call('ZRANGE', running, 0, -1)) }
