-- An upload that has begun under this id meanwhile stays listed.
if redis.call('EXISTS', up) == 0 then redis.call('ZREM', files, id) end
return { 'OK' }
