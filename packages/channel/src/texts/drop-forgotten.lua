if redis.call('EXISTS', gone) == 0 then return { 'KEPT' } end
redis.call('UNLINK', outcome)
return { 'GONE' }
