local refs = redis.call('ZRANGEBYSCORE', expiry, 0, ms(now - graceMs), 'LIMIT', 0, limit)
for _, ref in ipairs(refs) do release(ref) end
return { 'OK', unpack(refs) }
