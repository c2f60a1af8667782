local state, attempt, conversation = fields(ask, 'state', 'attempt', 'c')
if not state or conversation ~= conversationHash() then return { 'UNKNOWN' } end
if state == 'ended' then
  rewrite(ask, 'state', state)
  return { 'ENDED' }
end
if state ~= 'running' and tonumber(attempt) == 0 then
  close(ask, 'cancelled', 0, { tail })
  return published({ 'CANCELLED' })
end
redis.call('HSET', records .. ask, 'cancel', '1')
redis.call('PUBLISH', hintChannel, hint)
return { 'FLAGGED' }
