redis.call('DEL', outcome)
redis.call('HSET', outcome, unpack(values))
local last = lastUser()
redis.call('PEXPIRE', outcome, last and ms(last - now) or keepMs)
return { 'OK' }
