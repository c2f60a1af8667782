-- What an account uses of the day's quotas. A day ends at midnight in UTC, and the counts with it.
local DAY_MS = 86400000
local function untilTomorrow() return DAY_MS - now % DAY_MS end

local function use(field, count)
  -- The first count of a field gives the key its time; others would give it the same.
  if redis.call('HINCRBY', used, field, ms(count)) == count then redis.call('PEXPIRE', used, ms(untilTomorrow())) end
end
