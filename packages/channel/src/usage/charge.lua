-- Bytes are counted in eight parts of the window, so that they are forgotten part by part.
local part = math.floor(now * 8 / windowMs)
if bytes > 0 then redis.call('HINCRBY', kept, part, ms(bytes)) end
if asks > 0 then use('asks', asks) end
local sum, counts, all = 0, {}, redis.call('HGETALL', kept)
for i = 1, #all, 2 do
  local at = tonumber(all[i])
  if at <= part - 8 then redis.call('HDEL', kept, all[i]) else
    sum = sum + tonumber(all[i + 1])
    counts[#counts + 1] = { at = at, bytes = tonumber(all[i + 1]) }
  end
end
redis.call('PEXPIRE', kept, windowMs + math.floor(windowMs / 8))
if sum <= maxBytes then return { 'OK' } end
table.sort(counts, function(a, b) return a.at < b.at end)
for _, count in ipairs(counts) do
  sum = sum - count.bytes
  if sum <= maxBytes then return { 'OVER', math.ceil((count.at + 8) * windowMs / 8) - now } end
end
return { 'OVER', windowMs }
