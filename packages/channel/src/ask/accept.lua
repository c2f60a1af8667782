-- How many bytes of file names are stored at most beside a conversation's counters.
local MAX_NAMES = 4096

-- Sets what the list of conversations shows of this conversation: its title, time, number of asks and names of files.
-- Its first ask writes the conversation to the user's index, and a later ask does so again when an eighth of the
-- retention has passed. So the index has every conversation for as long as it is kept.
local function describe(values, asks, known, listed)
  local function set(name, value)
    values[#values + 1] = name
    values[#values + 1] = value
  end
  set('asks', asks + 1)
  set('at', ms(now))
  if asks == 0 then set('title', title) end
  if names ~= '' then
    local all = '\n' .. known .. '\n'
    for name in string.gmatch(names, '[^\n]+') do
      local isNew = not string.find(all, '\n' .. name .. '\n', 1, true)
      if isNew and #known + #name < MAX_NAMES then
        known = known == '' and name or known .. '\n' .. name
        all = all .. name .. '\n'
      end
    end
    set('names', known)
  end
  if asks > 0 and now - listed < relistMs then return end
  set('listed', ms(now))
  local keepMs = retention + relistMs + deadlineMs + relistMs / 8
  redis.call('ZADD', convs, ms(now), conversation)
  redis.call('PEXPIRE', convs, ms(keepMs))
  -- Conversations that have expired leave the index, also if the user asks only in others.
  redis.call('ZREMRANGEBYSCORE', convs, 0, ms(now - keepMs))
end

local knownDigest, knownSeq = fields(ask, 'digest', 'seq')
if knownDigest then
  if knownDigest ~= digest then return { 'CONFLICT' } end
  rewrite(ask, 'digest', knownDigest)
  return { 'DUPLICATE', tonumber(knownSeq) }
end
if replaces ~= '' and fields(replaces, 'c') ~= conversationHash() then return { 'UNKNOWN' } end
if redis.call('SCARD', live) >= maxInFlight then return { 'BUSY' } end
if maxAsks >= 0 and tonumber(redis.call('HGET', used, 'asks') or 0) >= maxAsks then return { 'QUOTA', untilTomorrow() } end
use('asks', 1)
local deadline = now + deadlineMs
checkAt(ask, now + firstCheckMs, deadline)
local unfinished = redis.call('RPUSH', mail, ask)
redis.call('SADD', live, ask)
local seq = write(0, { tail }, describe)
if unfinished == 1 and seq > 1 then
  redis.call('PERSIST', log)
  redis.call('PERSIST', meta)
end
redis.call('HSET', records .. ask, 'v', recordVersion, 'conversation', conversation, 'id', id, 'c', conversationHash(),
  'digest', digest, 'trace', trace, 'files', files, 'body', body, 'accepted', ms(now), 'deadline', ms(deadline),
  'state', 'queued', 'attempt', 0, 'n', 0, 'taken', 0, 'looks', 0, 'seq', seq)
local overMs = keptBytes > 0 and keep(kept, keptBytes, maxKept, retention) or 0
return published({ 'ACCEPTED', seq, overMs })
