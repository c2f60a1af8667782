-- A text that a process of an older version stored has no list of users. Such a text is not removed here; it expires.
if redis.call('ZREM', uses, user) == 0 then return { 'KEPT' } end
redis.call('ZREMRANGEBYSCORE', uses, 0, ms(now))
if redis.call('ZCARD', uses) > 0 then return { 'KEPT' } end
redis.call('UNLINK', outcome)
redis.call('SET', gone, 1, 'PX', ms(goneMs))
return { 'GONE' }
