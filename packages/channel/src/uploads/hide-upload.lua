if redis.call('EXISTS', up) == 0 then return { 'UNKNOWN' } end
redis.call('HSET', up, 'hidden', 1)
return { 'OK' }
