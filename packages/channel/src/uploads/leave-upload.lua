-- Removes a conversation from an upload unless it is the last one, and returns which is the case. The last one stays,
-- so that a removal that failed half way finds it again.
local own = 'c:' .. conversation
if redis.call('HEXISTS', up, own) == 0 then return { 'NONE' } end
for _, field in ipairs(redis.call('HKEYS', up)) do
  if string.sub(field, 1, 2) == 'c:' and field ~= own then
    redis.call('HDEL', up, own)
    return { 'USED' }
  end
end
return { 'LAST' }
