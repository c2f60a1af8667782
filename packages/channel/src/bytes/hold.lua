local fits, freeInMs = hold(ref, size)
if not fits then return { 'QUOTA', freeInMs } end
return { 'OK' }
