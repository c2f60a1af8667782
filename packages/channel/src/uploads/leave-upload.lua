-- Whether no conversation uses the upload any more, now that this one does not.
if redis.call('HDEL', up, 'c:' .. conversation) == 0 then return { 'NONE' } end
for _, field in ipairs(redis.call('HKEYS', up)) do
  if string.sub(field, 1, 2) == 'c:' then return { 'USED' } end
end
return { 'LAST' }
