--- Reads LuaCATS annotations (https://luals.github.io/wiki/annotations) out of Lua: the sources below lua/ and the hand-kept files below types/.
--
--   --- Text.
--   ---@param name? type text
--   ---@return type name text
--   function owner:method(name) end
--
-- A line of text that is indented belongs to an example or a list. Text goes on in `---` lines until the next annotation.
local annotations = {}

-- Takes the type off the front of a text: a type ends at a space outside of brackets and quotes, unless one follows the ":" or "," of a function's
-- results. In a list of parameters the "," ends it.
local function take_type(text, in_list)
  local depth, quoted, results = 0, false, false
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == '"' then quoted = not quoted end
    if not quoted then
      if c:find "[%(%[{<]" then depth = depth + 1 end
      if c:find "[%)%]}>]" then depth = depth - 1 end
      if depth == 0 and c == ":" then results = true end
      if depth == 0 and c == "," and in_list then return text:sub(1, i - 1), text:sub(i + 1) end
      if depth == 0 and c == " " and not (results and text:sub(i - 1, i - 1):find "[:,]") then return text:sub(1, i - 1), text:sub(i + 1) end
    end
  end
  return text, ""
end

--- The parameters and the results of a function type: "fun(self: X, n?: integer): string".
---@param type string
---@return { name: string, type: string, optional: boolean, text: string }[] params
---@return { type: string, text: string }[] returns
function annotations.signature(type)
  local inner, rest = type:match "^fun(%b())(.*)$"
  local params, returns = {}, {}
  local text = inner:sub(2, -2)
  while text ~= "" do
    local name, optional, after = text:match "^%s*([%w_.]+)(%??): (.*)$"
    local of
    of, text = take_type(after, true)
    params[#params + 1] = { name = name, type = of, optional = optional == "?", text = "" }
  end
  local result = rest:match "^: (.*)$"
  if result then returns[1] = { type = result, text = "" } end
  return params, returns
end

-- What one annotation says, as an entry that text may go on into; nil for those that only editors need.
local function read_annotation(line, block)
  local kind, rest = line:match "^@(%l+) ?(.*)$"
  if kind == "param" then
    local name, optional, after = rest:match "^([%w_.]+)(%??) (.*)$"
    assert(name, "not a @param: " .. line)
    local type, text = take_type(after)
    local param = { name = name, optional = optional == "?", type = type, text = text }
    block.params[#block.params + 1] = param
    return param
  elseif kind == "return" then
    local type, after = take_type(rest)
    local name, text = after:match "^([%w_]+) ?(.*)$"
    local result = { type = type, name = name, text = (text or after):gsub("^# ?", "") }
    block.returns[#block.returns + 1] = result
    return result
  elseif kind == "field" then
    local name, optional, after = rest:match "^(%S-)(%??) (.*)$"
    if name:sub(1, 1) == "[" then name, optional, after = rest:match "^(%b[])(%??) (.*)$" end
    local type, text = take_type(after)
    local field = { name = name, optional = optional == "?", type = type, text = text }
    block.fields[#block.fields + 1] = field
    return field
  elseif kind == "class" then
    block.class, block.parent = rest:match "^([%w_.]+):? ?(.*)$"
  elseif kind == "type" then
    block.type = rest
  end
  return {}
end

-- Text is joined line by line; indented lines stay as they are.
local function append(to, line)
  local text = to.text or ""
  if text == "" then to.text = line
  elseif line:find "^  " or line == "" then to.text = text .. "\n" .. line
  else to.text = text .. (text:match("[^\n]*$"):find "^  " and "\n" or text:sub(-1) == "\n" and "\n" or " ") .. line end
end

local function read_block(lines)
  local block = { text = "", params = {}, returns = {}, fields = {} }
  local into = block
  for _, line in ipairs(lines) do
    if line:find "^@" then into = read_annotation(line, block) else append(into, into == block and line or (line:gsub("^ +", ""))) end
  end
  return block
end

-- What a block stands above: "function a.b:c(x)", "a.b = value", "local a = value".
local function read_subject(line, block)
  local owner, mark, name, arguments = line:match "^function ([%w_.]-)([.:])([%w_]+)%((.-)%)"
  if owner then
    block.owner, block.name, block.method, block.kind, block.arguments = owner, name, mark == ":", "function", {}
    for argument in arguments:gmatch "[%w_.]+" do block.arguments[#block.arguments + 1] = argument end
    return
  end
  local value
  owner, name, value = line:match "^([%a][%w_.]*)%.([%w_]+) = (.*)$"
  if owner then
    block.owner, block.name, block.value = owner, name, value
    block.kind = (#block.params > 0 or #block.returns > 0 or value:find "^function" or value:find "^[%a_]+%.[%w_]+$") and "function" or "value"
    return
  end
  block.variable = line:match "^local ([%w_]+)"
end

--- Reads a text.
---@param source string
---@return table[] blocks in order, each {text=, params=, returns=, fields=} and what it stands above: {owner=, name=, method=, kind=, value=,
---  arguments=} of a function or value, {class=, variable=} of a class
function annotations.read(source)
  local blocks, lines = {}, nil
  for line in (source .. "\n"):gmatch "(.-)\n" do
    local text = line:match "^%-%-%- ?(.*)$"
    if text and not line:find "^%-%-%-%-" then
      lines = lines or {}
      lines[#lines + 1] = text
    elseif lines or line:find "^function [%w_.]+[.:]%l" then -- a function without annotations is one of which nothing is said
      local block = read_block(lines or {})
      read_subject(line, block)
      blocks[#blocks + 1] = block
      lines = nil
    end
  end
  return blocks
end

return annotations
