if redis.call('EXISTS', meta) == 0 then return { 'UNKNOWN' } end
redis.call('HSET', meta, 'title', title)
return { 'OK' }
