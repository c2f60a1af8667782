local state, currentAttempt, written, cancelled, how = fields(ask, 'state', 'attempt', 'n', 'cancel', 'how')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
if tonumber(currentAttempt) ~= attempt then return { 'STALE' } end
if n <= tonumber(written) then return { 'DONE' } end
if n ~= tonumber(written) + 1 then return { 'STALE' } end
if cancelled == '1' then return { 'CANCELLED' } end
local seq = write(attempt, tails)
redis.call('HSET', records .. ask, 'n', n + #tails - 1)
return published({ 'WRITTEN', seq })
