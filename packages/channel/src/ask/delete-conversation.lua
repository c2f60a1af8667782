local seq = tonumber(redis.call('HGET', meta, 'seq') or 0)
-- An ask was accepted after its records were looked up.
if redis.call('LLEN', mail) > 0 or seq > lastSeq then return { 'CHANGED' } end
for ask in string.gmatch(asks, '%S+') do redis.call('UNLINK', records .. ask) end
redis.call('ZREM', convs, conversation)
-- Here, and not after it: a Redis that goes away in between would have lost asks without a reason that edges know.
redis.call('PUBLISH', deletedChannel, deleted)
return { 'OK', redis.call('UNLINK', log, mail, meta) }
