local state, current, cancelled, how = fields(ask, 'state', 'owner', 'cancel', 'how')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
if current ~= owner then return { 'STALE' } end
return { cancelled == '1' and 'CANCELLED' or 'OK' }
