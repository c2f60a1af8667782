-- What every step of an ask begins with. All keys are in the slot of the shard. Records are found by their prefix, since
-- only the script knows which ask is the head of the mailbox.
--
-- A script may stop half way: a user of Redis may lack the right to publish. So a step lists an ask for the sweeper first
-- and publishes last; whatever it has left undone in between, the sweeper does.

-- Fields of an ask's record, in the order of their names; false for one that is not there.
local function fields(ask, ...) return unpack(redis.call('HMGET', records .. ask, ...)) end

-- The same as a table by name, which a step changes and saves.
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

-- A step that is sent again has nothing to write, and WAIT speaks of this connection's own writes: the record is written once more,
-- unchanged, after what it tells of.
local function rewrite(ask, name, value)
  if confirms == 1 and value then redis.call('HSET', records .. ask, name, value) end
end

local function conversationHash() return string.match(memberPrefix, '/(.*)/') end

-- When the sweeper checks an ask next: never later than just after its deadline.
local function checkAt(ask, at, deadline)
  deadline = tonumber(deadline)
  if at > deadline and now < deadline then at = deadline end
  redis.call('ZADD', due, ms(at), memberPrefix .. ask)
end

-- The newest events are whole, so that a reader that was away for a while resumes.
local WHOLE = 512
local HEAD = '^{"seq":%d+,"at":%d+,"attempt":(%d+),"conversation":"[^"]*","ask":"([^"]*)","nonce":"[^"]*","type":"(%a+)"'

-- Makes room in a log that is over its limits. First pieces of answers go, the oldest before others: an answer that has ended is
-- whole in its last event. A piece behind an event of another ask stays, so that the missing ones are of the ask of the event before
-- them. Then whole events go. Never one of an unfinished ask: asks run in order, so the head is the oldest of them. Returns the bytes that are left.
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
    -- What follows the last that was dropped may be a hole.
    local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    if oldest then first = tonumber(string.match(oldest[1], '^%d+')) end
  end
  redis.call('HSET', meta, 'first', first, 'whole', from, 'holes', seq - first + 1 - count)
  return bytes
end

local frames = {}

-- A log whose counters are gone begins anew. Nearly no conversation has one, so the first event finds it by failing.
local function add(seq, event)
  if seq == 1 then
    local reply = redis.pcall('XADD', log, '1-0', 'e', event)
    if not (type(reply) == 'table' and reply.err) then return end
    if string.find(reply.err, 'equal or smaller', 1, true) then redis.call('UNLINK', log) end
  end
  redis.call('XADD', log, seq .. '-0', 'e', event)
end

local COUNTERS, ABOUT = { 'seq', 'first', 'bytes' }, { 'seq', 'first', 'bytes', 'asks', 'names', 'listed' }

-- Writes events and returns the seq of the last. A tail is an event's JSON without its opening brace and its numbers. It is
-- never decoded here: cjson makes [] into {}. `about`: gets what the list of conversations knows of this one and adds
-- fields to what is written anyway, so that they cost no command.
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

-- Ends a step that has written events. The frames are a hint, the stream is the truth.
local function published(reply)
  for _, frame in ipairs(frames) do redis.call('SPUBLISH', channel, frame) end
  return reply
end

-- Takes an ask that has ended, or has lost its record, out of every index; returns whether the mailbox is empty then.
-- Nothing of a conversation with unfinished asks has a time to live, so that none of its keys outlives another.
local function unlist(ask)
  redis.call('PEXPIRE', records .. ask, retention)
  redis.call('LREM', mail, 0, ask)
  redis.call('SREM', live, ask)
  local head = redis.call('LINDEX', mail, 0)
  if not head then
    redis.call('PEXPIRE', log, retention)
    redis.call('PEXPIRE', meta, retention)
  elseif fields(head, 'state') == 'queued' then
    -- The next ask can run from now on. Checks of its time in the queue must not put off the one that finds a lost bell.
    redis.call('ZADD', due, 'LT', ms(now + firstCheckMs), memberPrefix .. head)
  end
  redis.call('ZREM', due, memberPrefix .. ask)
  return not head
end

-- Writes an ask's last events, the terminal one at the end, and unlists it. Of its record only what a duplicate, a late
-- write or a cancel is told stays, for as long as the conversation may be read.
local function close(ask, how, attempt, tails)
  local seq = write(attempt, tails)
  redis.call('HSET', records .. ask, 'state', 'ended', 'how', how)
  redis.call('HDEL', records .. ask, 'conversation', 'id', 'body', 'trace', 'files', 'accepted', 'deadline', 'attempt', 'n',
    'taken', 'looks', 'cancel', 'owner', 'begun', 'released', 'resume', 'spared')
  return seq, unlist(ask)
end

-- `spared` lists the engine calls, by number, that neither the engine nor a crash has ended. Returns the list with one more.
local function spare(spared, attempt)
  spared, attempt = spared or '', tostring(attempt)
  if attempt == '0' or string.find(' ' .. spared .. ' ', ' ' .. attempt .. ' ', 1, true) then return spared end
  return spared == '' and attempt or spared .. ' ' .. attempt
end

-- The calls of a record that count against `maxAttempts`. Only so many are spared: each costs the engine a whole answer.
local function spent(record)
  local _, spared = string.gsub(record.spared or '', '%d+', '')
  return tonumber(record.attempt) - math.min(spared, maxSpared)
end

-- Counts an engine call of a record that `read` has returned.
local function beginAttempt(record, owner)
  record.attempt, record.n, record.taken, record.begun = tonumber(record.attempt) + 1, 0, 0, owner
end

-- The reply that describes an ask; `recordFields` comes from TypeScript, which reads the values by the same names.
local function described(status, ask, orphaned, record)
  local reply = { status, ask, ms(now), orphaned and 1 or 0 }
  for _, name in ipairs(recordFields) do reply[#reply + 1] = record[name] end
  return reply
end
