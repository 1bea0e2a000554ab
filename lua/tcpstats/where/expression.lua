--- A compiled expression: one Lua function whose parameters are the fields that it reads, so that a socket costs one call and no proxy.
local fail = require("tcpstats.where.parse").fail

--- A compiled expression, from `tcpstats.where`. `expression(s)` is its value for a socket, for a condition whether it holds;
--- `expression(s, seconds)` divides rates by batch:seconds(). `tostring(expression)` is its text.
---@class tcpstats.Expression
---@overload fun(s: tcpstats.Socket, seconds?: number): any
---@field text string As it was written.
---@field type "boolean"|"integer"|"number"|"text"|"mixed" Of its value.
---@field fields tcpstats.FieldName[] The fields that it reads.
local Expression = {}
Expression.__index = Expression
Expression.__name = "tcpstats.expression"

function Expression:__call(s, seconds) return self.of_socket(s, seconds) end
function Expression:__tostring() return self.text end

local expression = {}

-- A function may have 255 parameters and 200 locals in Lua; the compiler's own locals come on top.
local MOST_FIELDS = 32

local function names_of(upvalues)
  local names = {}
  for i in ipairs(upvalues) do names[i] = ("function_%d"):format(i) end
  return table.concat(names, ", ")
end

-- The source of two functions: of_values(seconds, FIELD...) and of_socket(socket, seconds).
local function source_of(code)
  local names = table.concat(code.parameters, ", ")
  local lines = { #code.upvalues > 0 and ("local %s = ..."):format(names_of(code.upvalues)) or "" }
  local function add(line) lines[#lines + 1] = line end
  local function body()
    for _, line in ipairs(code.prelude) do add(line) end
    add("return " .. code.result)
    add "end"
  end
  add(("local function of_values(seconds%s)"):format(names ~= "" and ", " .. names or ""))
  body()
  add "local function of_socket(socket, seconds)"
  if names ~= "" then add(("local %s = socket.%s"):format(names, table.concat(code.parameters, ", socket."))) end
  body()
  add "return of_values, of_socket"
  return table.concat(lines, "\n")
end

--- Makes an expression.
---@param code { parameters: string[], upvalues: function[], prelude: string[], result: string } names of fields, functions that the code calls
---   function_1, function_2, ..., lines before the value, and the value
---@param members table what else the expression has: text, type and so on; it becomes the expression
---@return tcpstats.Expression expression `parameters` is what of_values takes after the seconds. Raises {at=, what=} if the code is beyond Lua's limits
function expression.new(code, members)
  if #code.parameters > MOST_FIELDS then fail(1, "more than %d fields", MOST_FIELDS) end
  local chunk, what = load(source_of(code), "=where", "t", {})
  if not chunk then fail(1, "too complicated: %s", what) end
  members.parameters = code.parameters
  members.of_values, members.of_socket = chunk(table.unpack(code.upvalues))
  return setmetatable(members, Expression)
end

--- Whether x is an expression.
function expression.is(x) return getmetatable(x) == Expression end

return expression
