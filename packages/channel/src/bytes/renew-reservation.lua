redis.call('ZADD', expiry, 'XX', ms(now + keepMs), ref)
return { 'OK' }
