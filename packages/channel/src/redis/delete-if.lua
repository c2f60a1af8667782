if redis.call('GET', name) == expected then redis.call('DEL', name) end
return { 'OK' }
