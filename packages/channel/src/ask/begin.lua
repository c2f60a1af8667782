local record = read(ask, { 'state', 'owner', 'begun', 'attempt', 'cancel', 'how', 'deadline', 'spared' })
if not record.state or record.state == 'ended' then return { 'ENDED', record.how or 'gone' } end
if record.owner ~= owner then return { 'STALE' } end
if record.cancel == '1' then return { 'CANCELLED' } end
if record.begun == owner then return { 'BEGUN', tonumber(record.attempt) } end
if spent(record) >= maxAttempts then return { 'EXHAUSTED' } end
checkAt(ask, now + checkMs, record.deadline)
beginAttempt(record, owner)
save(ask, record, 'attempt', 'n', 'taken', 'begun')
return { 'BEGUN', record.attempt }
