-- Removes a conversation from the list of those that use an upload, and returns USED. If it is the only one in the
-- list, it stays, and LAST is returned: the caller then removes the whole upload, and finds it again by this list if
-- that fails half way.
local own = 'c:' .. conversation
if redis.call('HEXISTS', up, own) == 0 then return { 'NONE' } end
for _, field in ipairs(redis.call('HKEYS', up)) do
  if string.sub(field, 1, 2) == 'c:' and field ~= own then
    redis.call('HDEL', up, own)
    return { 'USED' }
  end
end
return { 'LAST' }
