-- Returns when the last upload with this text expires, in ms since the epoch; nil if the text has no list of users. A text
-- is kept until then and no longer, so that whoever removes everything of the last user finds the text.
local function lastUser()
  return tonumber(redis.call('ZRANGE', uses, -1, -1, 'WITHSCORES')[2])
end
