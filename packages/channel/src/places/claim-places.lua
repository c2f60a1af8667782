for _, edge in ipairs(dead) do redis.call('HDEL', places, edge) end
local others, edges = 0, {}
local all = redis.call('HGETALL', places)
for i = 1, #all, 2 do
  if all[i] ~= node then
    others = others + tonumber(all[i + 1])
    edges[#edges + 1] = all[i]
  end
end
-- The connections in `held` are open already, so they count even above the maximum.
local granted = math.max(held, math.min(wanted, max - others))
if granted == 0 then
  redis.call('HDEL', places, node)
else
  redis.call('HSET', places, node, granted)
  redis.call('PEXPIRE', places, keepMs)
end
return { granted < wanted and 'FULL' or 'OK', granted, unpack(edges) }
