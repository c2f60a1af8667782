local ownRef, begunSize = unpack(redis.call('HMGET', up, 'ref', 'size'))
if not ownRef then return { 'UNKNOWN' } end
redis.call('HSET', up, 'sha256', sha256, 'ref', ref, 'text', text, 'size', ms(size), 'done', 1)
redis.call('PEXPIRE', up, keepMs)
if ownRef ~= ref then redis.call('HDEL', held, ownRef) else setShare(ref, size, keepMs) end
return { 'OK', (ownRef == ref and tonumber(begunSize) > size) and 1 or 0 }
