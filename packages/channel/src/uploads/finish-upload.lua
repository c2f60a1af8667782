local ownRef, begunSize, hidden = unpack(redis.call('HMGET', up, 'ref', 'size', 'hidden'))
-- A removal reads a hidden upload once, so from then on the upload must get no text that the removal would not find.
if not ownRef or hidden then return { 'UNKNOWN' } end
list(id)
redis.call('HSET', up, 'sha256', sha256, 'ref', ref, 'text', text, 'size', ms(size), 'done', 1)
redis.call('PEXPIRE', up, keepMs)
redis.call('ZREM', unfinished, ownRef)
if ownRef ~= ref then dropShare(ownRef) else
  setShare(ref, size, keepMs)
  renewShare(ref, keepMs)
end
return { 'OK', (ownRef == ref and tonumber(begunSize) > size) and 1 or 0 }
