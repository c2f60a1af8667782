local at, own, done = unpack(redis.call('HMGET', up, 'offset', 'ref', 'done'))
if own == ref and done ~= '1' and tonumber(at) > offset then redis.call('HSET', up, 'offset', offset) end
return { 'OK' }
