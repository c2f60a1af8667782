local knownDigest, knownSeq = fields(ask, 'digest', 'seq')
if knownDigest then
  if knownDigest ~= digest then return { 'CONFLICT' } end
  return { 'DUPLICATE', tonumber(knownSeq) }
end
if replaces ~= '' and fields(replaces, 'c') ~= conversationHash() then return { 'UNKNOWN' } end
if redis.call('SCARD', live) >= maxInFlight then return { 'BUSY' } end
local deadline = now + deadlineMs
checkAt(ask, now + firstCheckMs, deadline)
local unfinished = redis.call('RPUSH', mail, ask)
redis.call('SADD', live, ask)
local seq = write(0, { tail })
if unfinished == 1 and seq > 1 then
  redis.call('PERSIST', log)
  redis.call('PERSIST', meta)
end
redis.call('HSET', records .. ask, 'v', recordVersion, 'conversation', conversation, 'id', id, 'c', conversationHash(),
  'digest', digest, 'trace', trace, 'files', files, 'body', body, 'accepted', ms(now), 'deadline', ms(deadline),
  'state', 'queued', 'attempt', 0, 'n', 0, 'taken', 0, 'looks', 0, 'seq', seq)
return published({ 'ACCEPTED', seq })
