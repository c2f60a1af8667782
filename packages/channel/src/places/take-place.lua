redis.call('ZREMRANGEBYSCORE', places, '-inf', ms(now))
if redis.call('ZCARD', places) >= max then return { 'FULL' } end
redis.call('ZADD', places, ms(now + leaseMs), place)
redis.call('PEXPIRE', places, leaseMs)
return { 'OK' }
