local at, own, done = unpack(redis.call('HMGET', up, 'offset', 'ref', 'done'))
-- Another ref means another upload with the same id: the upload of these bytes was dropped. A finished upload may refer
-- to an older copy of the same bytes.
if not at or (own ~= ref and done ~= '1') then return { 'UNKNOWN' } end
at = tonumber(at)
-- Never shortens the time to live: a finished upload is kept for longer than an idle one.
if redis.call('PTTL', up) < keepMs then
  redis.call('PEXPIRE', up, keepMs)
  redis.call('ZADD', unfinished, 'XX', ms(now + keepMs), own)
  redis.call('PEXPIRE', unfinished, heldMs)
  renewShare(own, keepMs)
end
if offset < at then return { 'REPEATED', at } end
if offset > at then return { 'HOLE', at } end
redis.call('HSET', up, 'offset', at + length)
return { 'ADVANCED', at + length }
