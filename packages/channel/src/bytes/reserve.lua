if redis.call('HEXISTS', reserved, ref) == 0 then
  if tonumber(redis.call('GET', total) or 0) + size > maxBytes then return { 'BUSY' } end
  redis.call('HSET', reserved, ref, ms(size))
  redis.call('INCRBY', total, ms(size))
end
redis.call('ZADD', expiry, ms(now + keepMs), ref)
return { 'OK' }
