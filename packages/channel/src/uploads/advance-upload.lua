local at, own, done = unpack(redis.call('HMGET', up, 'offset', 'ref', 'done'))
-- If the stored `ref` differs, these bytes belong to an upload that was dropped, and another upload has got its id.
-- Exception: a finished upload may refer to an older copy of the same bytes.
if not at or (own ~= ref and done ~= '1') then return { 'UNKNOWN' } end
at = tonumber(at)
-- A finished upload is kept for longer than an idle one, so a late chunk must not shorten its time to live.
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
