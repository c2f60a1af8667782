-- What an account uses of the day's quotas. A day ends at midnight in UTC, and the counts with it.
local DAY_MS = 86400000
local function untilTomorrow() return DAY_MS - now % DAY_MS end

local function use(field, count)
  redis.call('HINCRBY', used, field, ms(count))
  redis.call('PEXPIRE', used, ms(untilTomorrow()))
end
