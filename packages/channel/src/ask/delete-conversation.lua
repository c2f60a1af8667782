local seq = tonumber(redis.call('HGET', meta, 'seq') or 0)
-- An ask was accepted after the caller had looked up the records.
if redis.call('LLEN', mail) > 0 or seq > lastSeq then return { 'CHANGED' } end
for ask in string.gmatch(asks, '%S+') do redis.call('UNLINK', records .. ask) end
redis.call('ZREM', convs, conversation)
-- Published inside the script: if Redis failed between the script and a separate publish, asks would be lost without a
-- reason that edges know.
redis.call('PUBLISH', deletedChannel, deleted)
return { 'OK', redis.call('UNLINK', log, mail, meta) }
