-- A text that a process of an older version stored has no list of users. Such a text is not removed here; it expires.
if redis.call('ZREM', uses, user) == 0 then return { 'KEPT' } end
redis.call('ZREMRANGEBYSCORE', uses, 0, ms(now))
local last = lastUser()
if last then
  if redis.call('HGET', outcome, 'kind') == 'text' then redis.call('PEXPIRE', outcome, ms(last - now)) end
  return { 'KEPT' }
end
redis.call('UNLINK', outcome)
redis.call('SET', gone, 1, 'PX', ms(goneMs))
return { 'GONE' }
