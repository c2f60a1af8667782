if redis.call('EXISTS', up) == 0 or isLeaving() then return { 'UNKNOWN' } end
if conversation ~= '' then redis.call('HSET', up, 'c:' .. conversation, 1, 'x:' .. text, 1) end
redis.call('PEXPIRE', up, keepMs)
list(id)
return { 'OK' }
