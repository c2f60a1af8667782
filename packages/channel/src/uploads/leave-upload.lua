-- Whether no other conversation uses the upload. The last one stays in it: a removal that fails half way finds it again.
local own = 'c:' .. conversation
if redis.call('HEXISTS', up, own) == 0 then return { 'NONE' } end
for _, field in ipairs(redis.call('HKEYS', up)) do
  if string.sub(field, 1, 2) == 'c:' and field ~= own then
    redis.call('HDEL', up, own)
    return { 'USED' }
  end
end
return { 'LAST' }
