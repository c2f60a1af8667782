-- Adds `bytes` to the bytes that an account (a user, a network or a tenant) keeps. Returns 0 if the account now keeps
-- at most `maxBytes`, otherwise in how many ms it will. The retention is divided into eight parts, and all bytes that
-- were added in one part stop counting together.
local function keep(kept, bytes, maxBytes, windowMs)
  local part = math.floor(now * 8 / windowMs)
  local isNewPart = bytes > 0 and redis.call('HINCRBY', kept, part, ms(bytes)) == bytes
  local sum, counts, all = 0, {}, redis.call('HGETALL', kept)
  for i = 1, #all, 2 do
    local at = tonumber(all[i])
    if at <= part - 8 then redis.call('HDEL', kept, all[i]) else
      sum = sum + tonumber(all[i + 1])
      counts[#counts + 1] = { at = at, bytes = tonumber(all[i + 1]) }
    end
  end
  -- A part, an eighth of the retention, stops counting one retention after it began. The key lives a little longer than
  -- that.
  if isNewPart then redis.call('PEXPIRE', kept, windowMs + math.floor(windowMs / 8)) end
  if sum <= maxBytes then return 0 end
  table.sort(counts, function(a, b) return a.at < b.at end)
  for _, count in ipairs(counts) do
    sum = sum - count.bytes
    if sum <= maxBytes then return math.max(1, math.ceil((count.at + 8) * windowMs / 8) - now) end
  end
  return windowMs
end
