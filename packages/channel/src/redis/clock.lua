-- The time of all scripts is Redis's: the clocks of the processes may be minutes apart. In ms.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Lua writes large numbers as 1.7e+12.
local function ms(value) return string.format('%.0f', value) end
