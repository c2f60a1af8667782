use(field, count)
return { 'OK' }
