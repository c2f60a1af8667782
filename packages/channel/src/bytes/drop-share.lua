dropShare(ref)
return { 'OK' }
