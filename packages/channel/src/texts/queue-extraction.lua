redis.call('ZREMRANGEBYSCORE', extracting, 0, ms(now - keepMs))
redis.call('ZADD', extracting, ms(now), text)
redis.call('PEXPIRE', extracting, keepMs)
local count = redis.call('ZCARD', extracting)
if count == 1 then return { 'OK', count } end
return { 'OK', count, ms(now), unpack(redis.call('ZRANGE', extracting, 0, oldest - 1, 'WITHSCORES')) }
