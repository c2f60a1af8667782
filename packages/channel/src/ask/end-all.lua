-- Ends every unfinished ask, as a cancel would. The events are for readers that are connected: the log goes next.
-- An id and a body of each.
local found = {}
for _, ask in ipairs(redis.call('LRANGE', mail, 0, -1)) do
  local record = read(ask, { 'state', 'attempt', 'conversation', 'id', 'body' })
  if record.conversation and record.id then
    -- Ids of clients have no character that JSON escapes.
    local tail = '"conversation":"' .. record.conversation .. '","ask":"' .. record.id .. '","nonce":"' .. nonce .. '-'
      .. #found .. '","type":"cancelled","text":""}'
    close(ask, 'cancelled', record.attempt, { tail })
    redis.call('PUBLISH', hintChannel, string.match(memberPrefix, '^(.-)/') .. '/' .. ask)
    found[#found + 1] = record.id
    found[#found + 1] = record.body
  else unlist(ask) end
end
return published({ 'OK', unpack(found) })
