local state, currentAttempt, written, cancelled, how, current =
  fields(ask, 'state', 'attempt', 'n', 'cancel', 'how', 'owner')
if not state or state == 'ended' then return { 'ENDED', how or 'gone' } end
-- An owner that takes over an ask may continue the same attempt. So not only the number of the attempt is compared, but
-- also the owner.
if owner ~= '' and current ~= owner then return { 'STALE' } end
if tonumber(currentAttempt) ~= attempt then return { 'STALE' } end
if n <= tonumber(written) then return { 'DONE' } end
if n ~= tonumber(written) + 1 then return { 'STALE' } end
if cancelled == '1' then return { 'CANCELLED' } end
local seq = write(attempt, tails)
if resume == '' then redis.call('HSET', records .. ask, 'n', n + #tails - 1)
else redis.call('HSET', records .. ask, 'n', n + #tails - 1, 'resume', attempt .. ' ' .. resume) end
return published({ 'WRITTEN', seq })
