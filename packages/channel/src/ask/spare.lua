local record = read(ask, { 'state', 'how', 'spared' })
if not record.state or record.state == 'ended' then return { 'ENDED', record.how or 'gone' } end
record.spared = spare(record.spared, attempt)
save(ask, record, 'spared')
return { 'SPARED' }
