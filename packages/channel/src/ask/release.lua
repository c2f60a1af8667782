local state, current, taken, cancelled, how, released, deadline =
  fields(ask, 'state', 'owner', 'taken', 'cancel', 'how', 'released', 'deadline')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
if released == owner then return { 'RELEASED' } end
if current ~= owner then return { 'STALE' } end
if cancelled == '1' then return { 'CANCELLED' } end
checkAt(ask, now + checkMs, deadline)
redis.call('HSET', records .. ask, 'state', nextState, 'owner', '', 'released', owner,
  'taken', math.max(0, tonumber(taken) - 1))
return { 'RELEASED' }
