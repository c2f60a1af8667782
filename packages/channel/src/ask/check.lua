local state, deadline, version = fields(ask, 'state', 'deadline', 'v')
if not state or state == 'ended' then
  unlist(ask)
  return { 'GONE' }
end
local checks = redis.call('HINCRBY', records .. ask, 'looks', 1)
local expired = now >= tonumber(deadline)
-- The caller ends an expired ask. Should that fail, the next check is soon.
if expired then redis.call('ZADD', due, ms(now + expiredMs), memberPrefix .. ask)
else checkAt(ask, now + math.min(maxMs, checks <= 1 and firstMs or (checks - 1) * stepMs)) end
renew(ask)
if tonumber(version) > recordVersion then return { 'NEWER' } end
return described(expired and 'EXPIRED' or 'FOUND', ask, false)
