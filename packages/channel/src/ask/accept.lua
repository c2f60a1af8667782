local knownDigest, knownSeq = fields(ask, 'digest', 'seq')
if knownDigest then
  if knownDigest ~= digest then return { 'CONFLICT' } end
  return { 'DUPLICATE', tonumber(knownSeq) }
end
if redis.call('SCARD', live) >= maxInFlight then return { 'BUSY' } end
redis.call('RPUSH', mail, ask)
redis.call('SADD', live, ask)
redis.call('HSET', records .. ask, 'v', recordVersion, 'conversation', conversation, 'id', id, 'c', conversationHash(),
  'digest', digest, 'trace', trace, 'files', files, 'body', body, 'accepted', ms(now), 'deadline', ms(now + deadlineMs),
  'state', 'queued', 'attempt', 0, 'n', 0, 'taken', 0, 'looks', 0)
local seq = write(0, tail)
redis.call('HSET', records .. ask, 'seq', seq)
checkAt(ask, now + checkMs)
redis.call('ZADD', convs, ms(now), conversationHash())
redis.call('ZREMRANGEBYRANK', convs, 0, -1 - maxConversations)
renew(ask)
return { 'ACCEPTED', seq }
