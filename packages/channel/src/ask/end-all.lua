-- Ends every unfinished ask of a conversation, as a cancel would. The events are only for connected readers: the log is
-- deleted next. The reply has two entries for each ask: its id and its body.
local found = {}
for _, ask in ipairs(redis.call('LRANGE', mail, 0, -1)) do
  local record = read(ask, { 'state', 'attempt', 'conversation', 'id', 'body' })
  if record.conversation and record.id then
    -- The JSON is joined without escaping: ids made by clients contain no character that JSON escapes.
    local tail = '"conversation":"' .. record.conversation .. '","ask":"' .. record.id .. '","nonce":"' .. nonce .. '-'
      .. #found .. '","type":"cancelled","text":""}'
    close(ask, 'cancelled', record.attempt, { tail })
    redis.call('PUBLISH', hintChannel, string.match(memberPrefix, '^(.-)/') .. '/' .. ask)
    found[#found + 1] = record.id
    found[#found + 1] = record.body
  else unlist(ask) end
end
return published({ 'OK', unpack(found) })
