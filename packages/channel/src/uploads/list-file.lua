-- Adds an upload to the index of its user, which lists each upload for as long as it is kept.
local function list(id)
  redis.call('ZADD', files, ms(now), id)
  redis.call('ZREMRANGEBYSCORE', files, 0, ms(now - listedMs))
  redis.call('PEXPIRE', files, listedMs)
end
