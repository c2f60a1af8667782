local function isLeaving() return redis.call('HGET', up, 'hidden') == 'leaving' end
