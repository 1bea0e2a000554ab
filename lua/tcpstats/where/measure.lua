--- What a condition is about: the number in its first comparison that orders numbers.
local parse = require "tcpstats.where.parse"

local directions = { [">"] = 1, [">="] = 1, ["<"] = -1, ["<="] = -1 }

-- The node that is compared, and 1 when the condition is about large ones, -1 when it is about small ones.
local function first_order(node)
  if node.kind == "compare" and directions[node.operator] then
    local flipped = node[1].kind == "constant"
    return node[flipped and 2 or 1], (flipped and -1 or 1) * directions[node.operator]
  end
  if node.kind ~= "and" and node.kind ~= "or" then return nil end
  local found, direction = first_order(node[1])
  if found then return found, direction end
  return first_order(node[2])
end

return function(text)
  local found, direction = first_order((parse.expression(text)))
  if not found then return nil end
  return text:sub(found.at, found.stop), direction
end
