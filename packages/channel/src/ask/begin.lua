local state, current, begun, attempt, cancelled, how =
  fields(ask, 'state', 'owner', 'begun', 'attempt', 'cancel', 'how')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
if current ~= owner then return { 'STALE' } end
if cancelled == '1' then return { 'CANCELLED' } end
attempt = tonumber(attempt)
if begun == owner then return { 'BEGUN', attempt } end
if attempt >= maxAttempts then return { 'EXHAUSTED' } end
beginAttempt(ask, attempt, owner)
checkAt(ask, now + checkMs)
renewIfOld(ask)
return { 'BEGUN', attempt + 1 }
