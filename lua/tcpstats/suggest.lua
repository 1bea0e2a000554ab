--- What to say of an unknown word. Loaded when something is wrong.
local core = require "tcpstats.core"

local suggest = {}

--- What to say after an unknown word.
-- @param word what was written
-- @param list the right words
-- @param plural what they are, for "there are: ..." when none is near; nil says nothing then
-- @return ", did you mean X?", or "; there are: A, B, C", or ""
function suggest.hint(word, list, plural)
  local nearest = core.nearest(word, list)
  if nearest then return (", did you mean %s?"):format(nearest) end
  return plural and #list > 0 and ("; %s are: %s"):format(plural, table.concat(list, ", ")) or ""
end

--- The keys of a table in order.
function suggest.keys(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = tostring(key) end
  table.sort(list)
  return list
end

return suggest
