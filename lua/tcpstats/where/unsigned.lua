--- Numbers of unsigned 64-bit fields. Lua has their bits as an integer, which is negative from 2^63 on; an expression counts with what they mean.
--
-- Comparisons and equality are exact. In arithmetic a number of 2^63 or more is a float, as 2^63 itself is in Lua, and so is the value of an
-- expression.
local unsigned = {}

--- Source of the number that the bits in the local `name` mean.
function unsigned.value(name) return ("(%s < 0 and %s + 0x1p64 or %s)"):format(name, name, name) end

-- Source of `name OPERATOR constant` where the constant's bits are below 2^63, and where they are not.
local small = { [">"] = "(%s > %s or %s < 0)", [">="] = "(%s >= %s or %s < 0)", ["<"] = "(%s < %s and %s >= 0)", ["<="] = "(%s <= %s and %s >= 0)" }
local large = { [">"] = "(%s > %s and %s < 0)", [">="] = "(%s >= %s and %s < 0)", ["<"] = "(%s < %s or %s >= 0)", ["<="] = "(%s <= %s or %s >= 0)" }

--- Source of a comparison of the bits in a local with those of a constant.
---@param name string
---@param operator string
---@param constant integer its bits
---@return string
function unsigned.compared(name, operator, constant)
  return (constant >= 0 and small or large)[operator]:format(name, ("0x%x"):format(constant), name)
end

local by_ult = { ["<"] = "%s(%s, %s)", [">"] = "%s(%s, %s)", ["<="] = "(not %s(%s, %s))", [">="] = "(not %s(%s, %s))" }

--- Source of a comparison of two.
---@param ult string what the code calls math.ult
---@param a string
---@param operator string
---@param b string
---@return string
function unsigned.ordered(ult, a, operator, b)
  if operator == ">" or operator == "<=" then a, b = b, a end
  return by_ult[operator]:format(ult, a, b)
end

--- The number as text.
---@param bits integer
---@return string
function unsigned.text(bits)
  if bits >= 0 then return tostring(bits) end
  local tens = (bits >> 1) // 5
  return ("%d%d"):format(tens, bits - tens * 10)
end

return unsigned
