if redis.call('HGET', outcome, 'kind') == 'text' then return { 'KEPT' } end
redis.call('DEL', outcome)
redis.call('HSET', outcome, 'kind', 'failed', 'meta', failure)
redis.call('PEXPIRE', outcome, keepMs)
return { 'OK' }
