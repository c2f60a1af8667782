if redis.call('HGET', outcome, 'meta') ~= failure then return { 'OTHER' } end
redis.call('DEL', outcome)
return { 'OK' }
