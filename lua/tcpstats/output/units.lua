--- Sizes and times as a URL's keys have them.
local units = {}

local SIZES = { K = 1 << 10, M = 1 << 20, G = 1 << 30 }
local SECONDS = { s = 1, m = 60, h = 3600, d = 86400 }

--- "100M" -> bytes; nil when it is not a size.
function units.size(text)
  local digits, unit = text:match("^(%d+)([KMG]?)i?B?$")
  local n = digits and math.tointeger(tonumber(digits))
  return n and n * (SIZES[unit] or 1)
end

--- "1h" -> seconds; nil when it is not a time.
function units.seconds(text)
  local digits, unit = text:match("^(%d+%.?%d*)([smhd]?)$")
  return digits and tonumber(digits) * (SECONDS[unit] or 1)
end

return units
