local seq = tonumber(redis.call('HGET', meta, 'seq') or 0)
-- An ask was accepted after the caller had read the asks of this conversation, so the caller reads them again.
if redis.call('LLEN', mail) > 0 or seq > lastSeq then return { 'CHANGED' } end
for ask in string.gmatch(asks, '%S+') do redis.call('UNLINK', records .. ask) end
redis.call('ZREM', convs, conversation)
-- The script itself publishes the deletion. A separate publish could fail after the deletion, and then edges would not
-- know why these asks are gone.
redis.call('PUBLISH', deletedChannel, deleted)
return { 'OK', redis.call('UNLINK', log, mail, meta) }
