-- Owner tokens begin with the name of their worker.
local function workerOf(token) return string.match(token, '^(.+)/') or token end

while true do
  local ask = redis.call('LINDEX', mail, 0)
  if not ask then return { 'EMPTY' } end
  local state, current, version = fields(ask, 'state', 'owner', 'v')
  if state and state ~= 'ended' then
    if tonumber(version) > recordVersion then return { 'NEWER' } end
    local orphaned = false
    -- A live worker keeps the ask it runs: only itself may take it anew, or who knows that the worker is gone.
    if state == 'running' and current ~= owner and current ~= voided and workerOf(current) ~= workerOf(owner) then
      return { 'HELD', current }
    end
    if current ~= owner then
      orphaned = state == 'running'
      local taken, attempt, files, cancelled, deadline = fields(ask, 'taken', 'attempt', 'files', 'cancel', 'deadline')
      taken, attempt = tonumber(taken) + 1, tonumber(attempt)
      redis.call('HSET', records .. ask, 'owner', owner, 'state', 'running', 'looks', 0, 'taken', taken)
      local ready = files == '0' and cancelled ~= '1' and now < tonumber(deadline)
      if ready and not orphaned and attempt < maxAttempts and taken <= maxTaken then
        beginAttempt(ask, attempt, owner)
      end
    end
    checkAt(ask, now + checkMs)
    renewIfOld(ask)
    return described('TAKEN', ask, orphaned)
  end
  unlist(ask)
end
