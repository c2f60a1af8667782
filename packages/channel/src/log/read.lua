-- One script reads the newest position, the oldest kept seq and the events at the same moment. With separate commands,
-- a trim or an append in between would look like a hole in the log.
local seq, first = unpack(redis.call('HMGET', meta, 'seq', 'first'))
seq, first = tonumber(seq or 0), tonumber(first or 1)
if redis.call('EXISTS', log) == 0 then first = seq + 1 end
local from = '-'
local known
if after ~= '' then
  if tonumber(after) > 0 then
    known = redis.call('XRANGE', log, after .. '-0', after .. '-0')[1]
    if not known or not string.find(known[2][2], '"nonce":"' .. nonce .. '"', 1, true) then return { 'LOST' } end
  elseif first > 1 then
    return { 'LOST' }
  end
  from = '(' .. after .. '-0'
end
local events, bytes = {}, 0
local entries = redis.call('XRANGE', log, from, '+', 'COUNT', maxEvents + 1)
for i, entry in ipairs(entries) do
  local event = entry[2][2]
  bytes = bytes + #event
  if i > maxEvents or (i > 1 and bytes > maxBytes) then break end
  events[i] = event
end
local head = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
return {
  'OPENED', first, #events < #entries and 1 or 0, head and head[2][2] or '', known and known[2][2] or '', unpack(events)
}
