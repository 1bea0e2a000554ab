--- What to say of an unknown word. Loaded when something is wrong.
local core = require "tcpstats.core"

local suggest = {}

--- What to say after an unknown word.
---@param word string
---@param list string[] the right words
---@param plural? string what they are, as in "types": without one, nothing is said if no word is near
---@return string text ", did you mean X?", or "; types are: A, B, C", or ""
function suggest.hint(word, list, plural)
  local nearest = core.nearest(word, list)
  if nearest then return (", did you mean %s?"):format(nearest) end
  return plural and #list > 0 and ("; %s are: %s"):format(plural, table.concat(list, ", ")) or ""
end

--- The keys of a table in order.
---@param t table
---@return string[]
function suggest.keys(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = tostring(key) end
  table.sort(list)
  return list
end

return suggest
