local record = read(ask, { 'state', 'owner', 'taken', 'cancel', 'how', 'released', 'deadline', 'begun', 'attempt', 'spared' })
local state, released = record.state, record.released
if not state or state == 'ended' then return { 'ENDED', record.how or 'gone' } end
if released == owner then return { 'RELEASED' } end
if record.owner ~= owner then return { 'STALE' } end
if record.cancel == '1' then return { 'CANCELLED' } end
checkAt(ask, now + checkMs, record.deadline)
-- A process that stops hands back an ask in the middle of its answer. The engine has not failed this call, so the call
-- is spared: it does not count against `maxAttempts`.
if record.begun == owner then record.spared = spare(record.spared, record.attempt) end
record.state, record.owner, record.released, record.taken = nextState, '', owner, math.max(0, tonumber(record.taken) - 1)
save(ask, record, 'state', 'owner', 'released', 'taken', 'spared')
return { 'RELEASED' }
