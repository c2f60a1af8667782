-- The index of a user's uploads: it has each for as long as it is kept.
local function list(id)
  redis.call('ZADD', files, ms(now), id)
  redis.call('ZREMRANGEBYSCORE', files, 0, ms(now - listedMs))
  redis.call('PEXPIRE', files, listedMs)
end
