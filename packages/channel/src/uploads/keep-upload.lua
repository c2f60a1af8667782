if isLeaving() then return { 'LEAVING' } end
list(id)
redis.call('HSET', up, 'id', id, 'name', name, 'type', mime, 'size', ms(size), 'offset', ms(size), 'ref', ref, 'done', 1,
  'sha256', sha256, 'text', text)
redis.call('PEXPIRE', up, keepMs)
return { 'OK' }
