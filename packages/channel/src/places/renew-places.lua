for _, place in ipairs(held) do redis.call('ZADD', places, ms(now + leaseMs), place) end
redis.call('PEXPIRE', places, leaseMs)
return { 'OK' }
