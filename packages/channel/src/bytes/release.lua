release(ref)
return { 'OK' }
