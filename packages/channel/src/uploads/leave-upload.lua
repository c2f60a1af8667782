-- Removes a conversation from those that use an upload. If it is the last one, it is not removed, so that a removal of
-- the upload that failed half way is found and repeated. Returns whether it was the last one.
local own = 'c:' .. conversation
if redis.call('HEXISTS', up, own) == 0 then return { 'NONE' } end
for _, field in ipairs(redis.call('HKEYS', up)) do
  if string.sub(field, 1, 2) == 'c:' and field ~= own then
    redis.call('HDEL', up, own)
    return { 'USED' }
  end
end
return { 'LAST' }
