-- A user's share: every blob with its size and when it stops counting. A blob counts once, however often it is held.
local function setShare(ref, size, keepMs)
  redis.call('HSET', held, ref, ms(size) .. ':' .. ms(now + keepMs))
end

-- Counts a blob if the share has room for it, and forgets the blobs whose time is over.
local function hold(ref, size)
  local sum, all = 0, redis.call('HGETALL', held)
  for i = 1, #all, 2 do
    local other, bytes, untilMs = all[i], string.match(all[i + 1], '(%d+):(%d+)')
    if tonumber(untilMs) < now then redis.call('HDEL', held, other)
    elseif other ~= ref then sum = sum + tonumber(bytes) end
  end
  if sum + size > maxUserBytes then return false end
  setShare(ref, size, keepMs)
  redis.call('PEXPIRE', held, heldMs)
  return true
end
