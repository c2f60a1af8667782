local state, currentAttempt, written, earlier = fields(ask, 'state', 'attempt', 'n', 'how')
if not state or state == 'ended' then return { 'ENDED', earlier or 'gone' } end
-- An attempt below 0 stands for any.
local isFenced = attempt >= 0
if isFenced and (tonumber(currentAttempt) ~= attempt or tonumber(written) + 1 ~= n) then return { 'STALE' } end
for i = 1, #tails - 1 do write(currentAttempt, tails[i]) end
local seq = close(ask, how, currentAttempt, tails[#tails])
return { 'FINISHED', seq, redis.call('EXISTS', mail) }
