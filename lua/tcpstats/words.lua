--- "Did you mean": the nearest of some words. Loaded when something is wrong.
local words = {}

local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The word of a list that somebody may have meant.
-- @param word what was written
-- @param list the right words
-- @return the nearest one, or nil when none is near: more than a third of the letters would have to change
function words.nearest(word, list)
  local best, least
  for _, candidate in ipairs(list) do
    local d = distance(word:lower(), candidate:lower())
    if candidate:sub(1, #word) == word and #word > 1 then d = 1 end
    if d <= math.max(1, math.max(#word, #candidate) // 3) and (not least or d < least) then best, least = candidate, d end
  end
  return best
end

--- What to say after an unknown word.
-- @param word what was written
-- @param list the right words
-- @param plural what they are, for "there are: ..." when none is near; nil says nothing then
-- @return ", did you mean X?", or "; there are: A, B, C", or ""
function words.hint(word, list, plural)
  local nearest = words.nearest(word, list)
  if nearest then return (", did you mean %s?"):format(nearest) end
  return plural and #list > 0 and ("; %s are: %s"):format(plural, table.concat(list, ", ")) or ""
end

--- The keys of a table in order.
function words.keys(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = tostring(key) end
  table.sort(list)
  return list
end

return words
