return { 'OK', keep(kept, bytes, maxBytes, windowMs) }
