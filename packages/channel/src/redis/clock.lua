-- The time of Redis in ms. All scripts use it, because the clocks of the processes may differ by minutes.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Returns a number as text with all its digits: Lua itself writes large numbers as 1.7e+12.
local function ms(value) return string.format('%.0f', value) end
