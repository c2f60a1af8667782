redis.call('ZREMRANGEBYSCORE', extracting, 0, ms(now - keepMs))
redis.call('ZADD', extracting, ms(now), text)
redis.call('PEXPIRE', extracting, keepMs)
return { 'OK', redis.call('ZCARD', extracting) }
