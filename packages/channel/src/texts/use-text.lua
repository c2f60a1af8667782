redis.call('ZADD', uses, ms(now + keepMs), user)
redis.call('ZREMRANGEBYSCORE', uses, 0, ms(now))
redis.call('PEXPIRE', uses, keepMs)
redis.call('UNLINK', gone)
if redis.call('HGET', outcome, 'kind') == 'text' then redis.call('PEXPIRE', outcome, keepMs) end
return { 'OK' }
