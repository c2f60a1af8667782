-- A record that has expired meanwhile must not come back: it would never expire.
if redis.call('EXISTS', records .. ask) == 1 then redis.call('HSET', records .. ask, 'hidden', 1) end
return { 'OK' }
