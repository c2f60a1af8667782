local record = read(ask, recordFields)
if not record.state or record.state == 'ended' then
  unlist(ask)
  return { 'GONE' }
end
local checks = tonumber(record.looks) + 1
local expired = now >= tonumber(record.deadline)
-- If the ask has expired, the caller ends it. The next check is soon, in case the caller fails.
if expired then redis.call('ZADD', due, ms(now + expiredMs), memberPrefix .. ask)
else checkAt(ask, now + math.min(maxMs, checks <= 1 and firstMs or (checks - 1) * stepMs), record.deadline) end
record.looks = checks
save(ask, record, 'looks')
-- Keys of unfinished asks must not expire. In a rolling update, a process of an older version may set a time to live on
-- them, and later asks would not renew it. So this step removes such a time to live.
for _, key in ipairs({ log, mail, meta, live, records .. ask }) do redis.call('PERSIST', key) end
if tonumber(record.v) > recordVersion then return { 'NEWER' } end
return described(expired and 'EXPIRED' or 'FOUND', ask, false, record)
