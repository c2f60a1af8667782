redis.call('ZADD', uses, ms(now + keepMs), user)
redis.call('ZREMRANGEBYSCORE', uses, 0, ms(now))
redis.call('PEXPIRE', uses, keepMs)
redis.call('UNLINK', gone)
return { 'OK' }
