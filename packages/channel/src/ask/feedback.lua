local state, times, conversation = fields(ask, 'state', 'rated', 'c')
times = tonumber(times or 0)
if not state or conversation ~= conversationHash() or redis.call('EXISTS', log) == 0 then return { 'UNKNOWN' } end
if state ~= 'ended' then return { 'RUNNING' } end
if times >= most then return { 'MANY' } end
redis.call('HSET', records .. ask, 'rated', times + 1)
return published({ 'WRITTEN', write(0, tails) })
