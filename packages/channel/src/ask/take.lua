-- Returns the worker of an owner token: tokens begin with the name of their worker.
local function workerOf(token) return string.match(token, '^(.+)/') or token end

while true do
  local ask = redis.call('LINDEX', mail, 0)
  if not ask then return { 'EMPTY' } end
  local record = read(ask, recordFields)
  if record.state and record.state ~= 'ended' then
    if tonumber(record.v) > recordVersion then return { 'NEWER' } end
    local orphaned = false
    -- A live worker keeps the ask that it runs. This ask may be taken again only by the same worker, or by a call
    -- whose argument `voided` is the owner's token.
    local isRunning = record.state == 'running'
    if isRunning and record.owner ~= owner and record.owner ~= voided and workerOf(record.owner) ~= workerOf(owner) then
      return { 'HELD', record.owner }
    end
    checkAt(ask, now + checkMs, record.deadline)
    if record.owner ~= owner then
      orphaned = isRunning
      -- If the owner is stalled but alive, its engine call has not failed, so the call is spared: it does not count
      -- against `maxAttempts`. If the owner had not begun a call, the ask itself may have caused the stall, so `taken`
      -- is counted up as for a crash.
      local isSpared = orphaned and voidedLives == 1 and record.owner == voided and record.begun == record.owner
      if isSpared then record.spared = spare(record.spared, record.attempt) end
      record.taken = tonumber(record.taken) + (isSpared and 0 or 1)
      record.owner, record.state, record.looks = owner, 'running', 0
      local ready = record.files == '0' and record.cancel ~= '1' and now < tonumber(record.deadline)
      -- Whether the record has a point at which the answer of this attempt can be continued. Then no new call is begun.
      local goesOn = record.resume and string.match(record.resume, '^%d+') == record.attempt
      if ready and not orphaned and not goesOn and spent(record) < maxAttempts and record.taken <= maxTaken then
        beginAttempt(record, owner)
      end
      save(ask, record, 'owner', 'state', 'looks', 'taken', 'attempt', 'n', 'begun', 'spared')
    end
    return described('TAKEN', ask, orphaned, record)
  end
  unlist(ask)
end
