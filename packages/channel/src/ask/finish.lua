local state, currentAttempt, written, earlier, current = fields(ask, 'state', 'attempt', 'n', 'how', 'owner')
if not state or state == 'ended' then
  rewrite(ask, 'how', earlier)
  return { 'ENDED', earlier or 'gone' }
end
if owner ~= '' and current ~= owner then return { 'STALE' } end
-- A negative attempt means that the ask may be ended whatever its attempt is.
local isFenced = attempt >= 0
if isFenced and (tonumber(currentAttempt) ~= attempt or tonumber(written) + 1 ~= n) then return { 'STALE' } end
if tokens > 0 then use('tokens', tokens) end
local seq, isEmpty = close(ask, how, currentAttempt, tails)
return published({ 'FINISHED', seq, isEmpty and 1 or 0 })
