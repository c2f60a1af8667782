-- The shared beginning of every step of an ask. All keys are in the slot of the shard. Records are found by their key
-- prefix, because only the script finds out which ask is the head of the mailbox.
--
-- A script may stop half way, for example when the Redis user lacks the right to publish. So a step first adds the ask
-- to the sweeper's index, and publishes last. If the step stops in between, the sweeper completes the rest.

-- Reads fields of an ask's record. Returns the values in the order of the names; false for a missing field.
local function fields(ask, ...) return unpack(redis.call('HMGET', records .. ask, ...)) end

-- Reads fields of an ask's record into a table by name. A step changes the table and saves it with `save`.
local function read(ask, names)
  local record = {}
  for i, value in ipairs(redis.call('HMGET', records .. ask, unpack(names))) do record[names[i]] = value end
  return record
end

local function save(ask, record, ...)
  local values = {}
  for _, name in ipairs({ ... }) do
    if record[name] then
      values[#values + 1] = name
      values[#values + 1] = record[name]
    end
  end
  redis.call('HSET', records .. ask, unpack(values))
end

-- A repeated step has nothing to write, but the Redis command WAIT counts only the writes of its own connection. So the
-- repeated step writes the record once more, unchanged, and the replicas that confirm this write also have the earlier
-- ones.
local function rewrite(ask, name, value)
  if confirms == 1 and value then redis.call('HSET', records .. ask, name, value) end
end

local function conversationHash() return string.match(memberPrefix, '/(.*)/') end

-- Sets when the sweeper checks an ask next: at the time `at`, or at the ask's deadline if that comes earlier and has
-- not passed.
local function checkAt(ask, at, deadline)
  deadline = tonumber(deadline)
  if at > deadline and now < deadline then at = deadline end
  redis.call('ZADD', due, ms(at), memberPrefix .. ask)
end

-- Of this many newest events of a log, `trim` removes no single deltas, so that a reader that was away for a while can
-- resume.
local WHOLE = 512
local HEAD = '^{"seq":%d+,"at":%d+,"attempt":(%d+),"conversation":"[^"]*","ask":"([^"]*)","nonce":"[^"]*","type":"(%a+)"'

-- Makes room in a log that is over its limits, and returns how many bytes the log then has. First, the oldest deltas
-- are removed: an answer that has ended is complete in its last event, so its deltas are not needed. A delta that
-- follows an event of another ask or attempt stays, so that missing deltas always belong to the ask and attempt of the
-- event before them. If that is not enough, the oldest events of all types are removed. Events of an unfinished ask
-- always stay. Asks run in order, so the head of the mailbox is the oldest unfinished ask.
local function trim(seq, first, bytes, most)
  if seq - first < maxEvents and bytes <= maxBytes then return bytes end
  local from, holes = unpack(redis.call('HMGET', meta, 'whole', 'holes'))
  local count = seq - first + 1 - tonumber(holes or 0)
  local function isOver() return count > maxEvents or bytes > maxBytes end
  local function drop(entry)
    redis.call('XDEL', log, entry[1])
    count, bytes = count - 1, bytes - #entry[2][2]
  end
  if not isOver() then return bytes end
  local head = redis.call('LINDEX', mail, 0)
  local floor = head and tonumber(fields(head, 'seq')) or math.huge
  local to = math.min(floor, seq - WHOLE) - 1
  from = math.max(first, tonumber(from or 1))
  while isOver() and from <= to do
    local before
    local entries = redis.call('XRANGE', log, from .. '-0', to .. '-0', 'COUNT', most)
    for _, entry in ipairs(entries) do
      local attempt, ask, type = string.match(entry[2][2], HEAD)
      local of = ask and ask .. ' ' .. attempt
      if type == 'delta' and of == before then drop(entry) end
      before = of
      from = tonumber(string.match(entry[1], '^%d+')) + 1
    end
    if #entries < most then from = to + 1 end
  end
  if isOver() then
    for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', most)) do
      first = tonumber(string.match(entry[1], '^%d+'))
      if first >= floor or not isOver() then break end
      drop(entry)
      first = first + 1
    end
    -- Deltas that follow the last removed event may have been removed earlier, so `first`, the oldest kept seq, is read
    -- from the log.
    local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    if oldest then first = tonumber(string.match(oldest[1], '^%d+')) end
  end
  redis.call('HSET', meta, 'first', first, 'whole', from, 'holes', seq - first + 1 - count)
  return bytes
end

local frames = {}

-- Adds an event to the log. If the log's counters were lost, seq begins at 1 again although the old log may still
-- exist. Then the first XADD fails, and a new log replaces the old one.
local function add(seq, event)
  if seq == 1 then
    local reply = redis.pcall('XADD', log, '1-0', 'e', event)
    if not (type(reply) == 'table' and reply.err) then return end
    if string.find(reply.err, 'equal or smaller', 1, true) then redis.call('UNLINK', log) end
  end
  redis.call('XADD', log, seq .. '-0', 'e', event)
end

local COUNTERS, ABOUT = { 'seq', 'first', 'bytes' }, { 'seq', 'first', 'bytes', 'asks', 'names', 'listed' }

-- Writes events and returns the seq of the last one. A tail is an event's JSON without its opening brace and without
-- the numbers that this script adds. The script never decodes a tail, because cjson turns [] into {}. `about`: a
-- function that adds changed fields of the list of conversations to the HSET which is sent anyway, so that they cost no
-- command of their own.
local function write(attempt, tails, about)
  local seq, first, bytes, asks, names, listed = unpack(redis.call('HMGET', meta, unpack(about and ABOUT or COUNTERS)))
  seq, first, bytes = tonumber(seq or 0), tonumber(first or 1), tonumber(bytes or 0)
  for _, tail in ipairs(tails) do
    seq = seq + 1
    local event = '{"seq":' .. seq .. ',"at":' .. ms(now) .. ',"attempt":' .. attempt .. ',' .. tail
    add(seq, event)
    bytes = bytes + #event
    frames[#frames + 1] = frameHead .. event .. frameTail
  end
  local values = { 'seq', seq, 'bytes', trim(seq, first, bytes, 64 + #tails) }
  if about then about(values, tonumber(asks or 0), names or '', tonumber(listed or 0)) end
  redis.call('HSET', meta, unpack(values))
  return seq
end

-- Publishes the frames of the events that this step has written, and returns the step's reply. A frame is only a hint,
-- because the log has the events.
local function published(reply)
  for _, frame in ipairs(frames) do redis.call('SPUBLISH', channel, frame) end
  return reply
end

-- Removes an ask that has ended, or has lost its record, from every index. Returns whether the mailbox is empty now.
-- While a conversation has unfinished asks, its log, its counters and the records of these asks have no time to live,
-- so none of them expires before another.
local function unlist(ask)
  redis.call('PEXPIRE', records .. ask, retention)
  redis.call('LREM', mail, 0, ask)
  redis.call('SREM', live, ask)
  local head = redis.call('LINDEX', mail, 0)
  if not head then
    redis.call('PEXPIRE', log, retention)
    redis.call('PEXPIRE', meta, retention)
  elseif fields(head, 'state') == 'queued' then
    -- The next ask of the mailbox can run from now on. The sweeper checks it soon, in case its bell is lost. LT never
    -- replaces an earlier time by a later one.
    redis.call('ZADD', due, 'LT', ms(now + firstCheckMs), memberPrefix .. head)
  end
  redis.call('ZREM', due, memberPrefix .. ask)
  return not head
end

-- Writes an ask's last events, the terminal one at the end, and removes the ask from every index. The record loses the
-- fields that only an unfinished ask needs. The other fields serve replies to a duplicate, a late write or a cancel,
-- the user's feedback, and the search for the ask by its id. They expire one retention after the ask's end.
local function close(ask, how, attempt, tails)
  local seq = write(attempt, tails)
  redis.call('HSET', records .. ask, 'state', 'ended', 'how', how)
  redis.call('HDEL', records .. ask, 'conversation', 'id', 'body', 'trace', 'files', 'accepted', 'deadline', 'attempt', 'n',
    'taken', 'looks', 'cancel', 'owner', 'begun', 'released', 'resume', 'spared')
  return seq, unlist(ask)
end

-- Adds the number of an engine call to `spared`, the list of calls that do not count against `maxAttempts`, because
-- they were lost without a failure of the engine and without a crash.
local function spare(spared, attempt)
  spared, attempt = spared or '', tostring(attempt)
  if attempt == '0' or string.find(' ' .. spared .. ' ', ' ' .. attempt .. ' ', 1, true) then return spared end
  return spared == '' and attempt or spared .. ' ' .. attempt
end

-- Returns how many engine calls of an ask count against `maxAttempts`: all but the spared ones. At most `maxSpared`
-- calls are spared, because each call costs the engine a whole answer.
local function spent(record)
  local _, spared = string.gsub(record.spared or '', '%d+', '')
  return tonumber(record.attempt) - math.min(spared, maxSpared)
end

-- Counts one more engine call in a record that `read` has returned. `begun`: the owner that makes this call.
local function beginAttempt(record, owner)
  record.attempt, record.n, record.taken, record.begun = tonumber(record.attempt) + 1, 0, 0, owner
end

-- Returns the reply of a step that returns an ask: status, hash of the ask, time, and the fields `recordFields` of its
-- record. TypeScript sets `recordFields` and reads the values by the same names.
local function described(status, ask, orphaned, record)
  local reply = { status, ask, ms(now), orphaned and 1 or 0 }
  for _, name in ipairs(recordFields) do reply[#reply + 1] = record[name] end
  return reply
end
