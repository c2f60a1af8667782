local knownName, knownSize = unpack(redis.call('HMGET', up, 'name', 'size'))
if knownName then
  if knownName ~= name or tonumber(knownSize) ~= size then return { 'CONFLICT' } end
  return { 'KNOWN' }
end
if not hold(ref, size) then return { 'QUOTA' } end
redis.call('HSET', up, 'id', id, 'name', name, 'type', mime, 'size', size, 'offset', 0, 'ref', ref, 'done', 0)
redis.call('PEXPIRE', up, keepMs)
return { 'BEGUN' }
