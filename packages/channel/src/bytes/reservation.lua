local function release(ref)
  local size = redis.call('HGET', reserved, ref)
  if size then
    redis.call('HDEL', reserved, ref)
    redis.call('DECRBY', total, size)
  end
  redis.call('ZREM', expiry, ref)
end
