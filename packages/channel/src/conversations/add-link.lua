local count, soonest, all = 0, math.huge, redis.call('HGETALL', links)
for i = 1, #all, 2 do
  local ends = tonumber(string.match(all[i + 1], '^%d+'))
  if ends <= now then redis.call('HDEL', links, all[i]) else
    count, soonest = count + 1, math.min(soonest, ends)
  end
end
if count >= max then return { 'FULL', soonest - now } end
redis.call('HSET', links, digest, ms(now + ttlMs) .. '/' .. conversation)
if redis.call('PTTL', links) < ttlMs then redis.call('PEXPIRE', links, ttlMs) end
return { 'OK', now + ttlMs }
