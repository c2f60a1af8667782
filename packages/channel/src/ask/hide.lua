-- HSET must not recreate a record that has expired meanwhile: the new one would never expire.
if redis.call('EXISTS', records .. ask) == 1 then redis.call('HSET', records .. ask, 'hidden', 1) end
return { 'OK' }
