-- What every step of an ask begins with. All keys are in the slot of the shard. Records are found by their prefix, since
-- only the script knows which ask is the head of the mailbox.

-- Fields of an ask's record, in the order of their names; false for one that is not there.
local function fields(ask, ...) return unpack(redis.call('HMGET', records .. ask, ...)) end

local function conversationHash() return string.match(memberPrefix, '/(.*)/') end

-- All keys of a conversation live and die together, so that none outlives what it refers to.
local function renew(ask)
  local keep = redis.call('EXISTS', mail) == 1 and unfinished or retention
  for _, key in ipairs({ log, mail, meta }) do redis.call('PEXPIRE', key, keep) end
  if ask then redis.call('PEXPIRE', records .. ask, keep) end
  redis.call('PEXPIRE', live, unfinished)
  redis.call('PEXPIRE', convs, retention)
end

-- Accepting an ask renews all keys for longer than the ask may take, and ending it does so again: in between, once in a
-- while is enough. Renewing at every step was a fifth of what a reply costs Redis, and a third of its append-only file.
local function renewIfOld(ask)
  if redis.call('PTTL', log) < unfinished * 15 / 16 then renew(ask) end
end

-- Oldest events go first, never those of an unfinished ask: asks run in order, so the head is the oldest of them.
local function trim(bytes)
  local count = redis.call('XLEN', log)
  if count <= maxEvents and bytes <= maxBytes then return end
  local head = redis.call('LINDEX', mail, 0)
  local floor = head and tonumber(fields(head, 'seq')) or math.huge
  local dropped, freed, first = 0, 0, nil
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 64)) do
    local seq = tonumber(string.match(entry[1], '^%d+'))
    if seq >= floor or (count - dropped <= maxEvents and bytes - freed <= maxBytes) then break end
    redis.call('XDEL', log, entry[1])
    dropped, freed, first = dropped + 1, freed + #entry[2][2], seq + 1
  end
  if first then
    redis.call('HSET', meta, 'first', first)
    redis.call('HINCRBY', meta, 'bytes', -freed)
  end
end

-- Log first, publish second: the frame is a hint, the stream is the truth. 'tail' is the event's JSON without its opening
-- brace and its numbers. It is never decoded here: cjson makes [] into {}.
local function write(attempt, tail)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  if seq == 1 then redis.call('UNLINK', log) end
  local event = '{"seq":' .. seq .. ',"at":' .. ms(now) .. ',"attempt":' .. attempt .. ',' .. tail
  redis.call('XADD', log, seq .. '-0', 'e', event)
  local bytes = redis.call('HINCRBY', meta, 'bytes', #event)
  redis.call('SPUBLISH', channel, frameHead .. event .. frameTail)
  trim(bytes)
  return seq
end

local function unlist(ask)
  redis.call('LREM', mail, 0, ask)
  redis.call('SREM', live, ask)
  redis.call('ZREM', due, memberPrefix .. ask)
end

-- Writes an ask's terminal event and takes the ask out of every index.
local function close(ask, how, attempt, tail)
  local seq = write(attempt, tail)
  redis.call('HSET', records .. ask, 'state', 'ended', 'how', how, 'end', seq)
  redis.call('HDEL', records .. ask, 'body', 'owner')
  unlist(ask)
  redis.call('ZADD', convs, ms(now), conversationHash())
  renew(ask)
  return seq
end

-- Counts an engine call: 'attempt' is the number of the one before.
local function beginAttempt(ask, attempt, owner)
  redis.call('HSET', records .. ask, 'attempt', attempt + 1, 'n', 0, 'taken', 0, 'begun', owner)
end

-- When the sweeper checks an ask next: never later than just after its deadline.
local function checkAt(ask, at)
  local deadline = tonumber(fields(ask, 'deadline'))
  if deadline and at > deadline and now < deadline then at = deadline end
  redis.call('ZADD', due, ms(at), memberPrefix .. ask)
end

-- The reply that describes an ask; `recordFields` comes from TypeScript, which reads the values by the same names.
local function described(status, ask, orphaned)
  return { status, ask, ms(now), orphaned and 1 or 0, fields(ask, unpack(recordFields)) }
end
