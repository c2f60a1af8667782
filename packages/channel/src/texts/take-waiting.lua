return { 'OK', unpack(redis.call('SPOP', waiting, limit)) }
