if redis.call('SET', lease, token, 'PX', leaseMs, 'NX') then return { 'HELD' } end
if redis.call('GET', lease) ~= token then return { 'TAKEN' } end
redis.call('PEXPIRE', lease, leaseMs)
return { 'HELD' }
