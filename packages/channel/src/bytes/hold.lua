if not hold(ref, size) then return { 'QUOTA' } end
return { 'OK' }
