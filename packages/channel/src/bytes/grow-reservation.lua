local size = redis.call('HGET', reserved, ref)
if not size then return { 'GONE' } end
redis.call('ZADD', expiry, 'XX', ms(now + keepMs), ref)
local more = room - tonumber(size)
if more <= 0 then return { 'OK', tonumber(size) } end
if tonumber(redis.call('GET', total) or 0) + more > maxBytes then return { 'BUSY', tonumber(size) } end
redis.call('HSET', reserved, ref, ms(room))
redis.call('INCRBY', total, ms(more))
return { 'OK', room }
