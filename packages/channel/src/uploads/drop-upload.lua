local current, done = unpack(redis.call('HMGET', up, 'ref', 'done'))
if done == '1' then return { 'DONE' } end
redis.call('ZREM', unfinished, ref)
if current == ref then redis.call('DEL', up) end
return { 'OK' }
