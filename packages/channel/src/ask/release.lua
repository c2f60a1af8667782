local state, current, taken, cancelled, how, released =
  fields(ask, 'state', 'owner', 'taken', 'cancel', 'how', 'released')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
if released == owner then return { 'RELEASED' } end
if current ~= owner then return { 'STALE' } end
if cancelled == '1' then return { 'CANCELLED' } end
redis.call('HSET', records .. ask, 'state', nextState, 'owner', '', 'released', owner,
  'taken', math.max(0, tonumber(taken) - 1))
checkAt(ask, now + checkMs)
renewIfOld(ask)
return { 'RELEASED' }
