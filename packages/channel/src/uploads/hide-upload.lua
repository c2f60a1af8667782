if redis.call('EXISTS', up) == 0 then return { 'UNKNOWN' } end
redis.call('HSET', up, 'hidden', why)
return { 'OK' }
