-- Counts the use of the day's quotas by an account (a user, a network or a tenant). A day, with its counts, ends at
-- midnight UTC.
local DAY_MS = 86400000
local function untilTomorrow() return DAY_MS - now % DAY_MS end

local function use(field, count)
  -- The first count of a day sets the key's time to live: until midnight. Later counts need not set it again.
  if redis.call('HINCRBY', used, field, ms(count)) == count then redis.call('PEXPIRE', used, ms(untilTomorrow())) end
end
