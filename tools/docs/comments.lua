--- Reads the descriptions of functions where they stand: in the comments of csrc/lua/*.c and of lua/**.lua.
--
-- C, in any comment:
--   owner:method(a, b [, c]) -> results: what they are. Text.       a method; `owner.name(...)` a function of a module
--   owner.name -> type: what it is.                                  something else that it has
-- with "or nil, text, code" as the last result of what may fail.
--
-- Lua, above the function:
--   --- Text.
--   -- @param name what it is
--   -- @return what it is
--
-- A description is {owner=, name=, method=, kind = "function" | "value", args = {{name=, text=, optional=}}, returns = {{text=}}, fails=, text=,
-- where=}: what arguments and results are is prose still; docs.words makes types of it.
local comments = {}

local function trim(text) return (text:gsub("^%s+", ""):gsub("%s+$", "")) end

-- "a, b [, c]" and "{x=, y=}" -> list of arguments; those in brackets are optional.
function comments.arguments_of(text)
  local list, optional, depth, at = {}, false, 0, 1
  local function add(piece, is_optional)
    piece = trim(piece:gsub("[%[%]]", ""))
    if piece == "" then return end
    local name, what = piece:match "^([%w_]+) ?= ?(.+)$"
    if piece:find " or nil$" then piece, is_optional = piece:match "^[%w_]+", true end
    if piece:find "^{" then name, what = "options", piece end
    if piece == "..." or piece:find "%.%.%.$" then name, what = "...", piece:gsub("%.+$", "") end
    list[#list + 1] = { name = name or piece, text = what or "", optional = is_optional or nil }
  end
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == "{" or c == "(" then depth = depth + 1 elseif c == "}" or c == ")" then depth = depth - 1 end
    if depth == 0 and (c == "," or c == "[" or c == "]") then
      add(text:sub(at, i - 1), optional)
      at = i + 1
      if c == "[" then optional = true elseif c == "]" then optional = false end
    end
  end
  add(text:sub(at), optional)
  return list
end

-- Takes "or nil, text, code" off the end of results; says whether it was there.
local function without_failure(text)
  local short, count = text:gsub("[,;]? ?or nil, text, code", "", 1)
  if count == 0 then short, count = text:gsub("[,;] or nil, what [^,;]*, \"E%u+\"", "", 1) end
  return short, count > 0
end

-- "batch, position: text. More" -> {{text = "batch"}, {text = "position"}}, "text. More", fails. Results are words with commas between, each a
-- name, {keys} or (type), up to the first ":" or "."; where they are prose, it is all one result.
local function results_of(text)
  local fails
  text, fails = without_failure(text)
  local list, at = {}, 1
  while at do
    local stop
    for _, shape in ipairs { "^%b()", "^%b{}", "^list of %b{}", "^[%w_]+" } do stop = stop or select(2, text:find(shape, at)) end
    local mark = stop and text:match("^[,:.]? ?", stop + 1)
    if not stop or mark == " " then -- prose
      local result, rest = text:match "^(.-)[:.] (.*)$"
      return { { text = result or text:gsub("[:.]$", "") } }, rest or "", fails
    end
    list[#list + 1] = { text = text:sub(at, stop) }
    at = stop + 1 + #mark
    if mark:sub(1, 1) ~= "," then break end
  end
  return list, trim(text:sub(at)), fails
end

local function describe_c(paragraph, where)
  local owner, mark, name, at = paragraph:match "^(%l[%l_]*)([:.])([%l][%l%d_]*)()"
  if not owner then return end
  local one = { owner = owner, name = name, method = mark == ":", where = where, kind = "value", args = {}, returns = {}, text = "" }
  if paragraph:sub(at, at) == "(" or paragraph:sub(at, at) == "{" then
    one.kind = "function"
    local is_table = paragraph:sub(at, at) == "{" -- name{...}
    one.braces = is_table
    local stop = select(2, paragraph:find(is_table and "^%b{}" or "^%b()", at))
    if not stop then return end
    one.args = comments.arguments_of(is_table and paragraph:sub(at, stop) or paragraph:sub(at + 1, stop - 1))
    at = stop + 1
  end
  local rest = paragraph:sub(at)
  local results = rest:match "^ ?%-> ?(.*)$"
  if results then
    one.returns, one.text, one.fails = results_of(results)
  elseif one.kind == "function" then
    one.text = trim(rest:gsub("^[:.] ?", ""))
  else
    return
  end
  return one
end

--- The descriptions in a C file.
-- @param source its text
-- @param where its name, for messages
function comments.of_c(source, where)
  local list = {}
  for comment in source:gmatch "/%*(.-)%*/" do
    local paragraph = nil
    local function finish()
      list[#list + 1] = paragraph and describe_c(paragraph, where) or nil
      paragraph = nil
    end
    for line in (comment .. "\n"):gmatch "(.-)\n" do
      local example = line:match "^%s*%*   (.*)$"
      line = trim(line:gsub("^%s*%*", ""))
      if line:find "^%l[%l_]*[:.]%l[%l%d_]*[({]" or line:find "^%l[%l_]*%.%l[%l%d_]* %->" then finish() end
      if not paragraph then paragraph = line
      elseif example then paragraph = paragraph .. "\n  " .. example
      else paragraph = trim(paragraph .. (paragraph:find "\n  [^\n]*$" and "\n" or " ") .. line) end
    end
    finish()
  end
  return list
end

-- The comment block of a Lua function: text, params by name, returns.
local function read_block(lines)
  local block = { text = {}, params = {}, returns = {} }
  local into = block.text
  for _, line in ipairs(lines) do
    local name, text = line:match "^@param ([%w_.]+) ?(.*)$"
    local result = line:match "^@return (.*)$"
    if name then
      into = { text }
      block.params[name] = into
    elseif result then
      into = { result }
      block.returns[#block.returns + 1] = into
    else
      into[#into + 1] = line
    end
  end
  return block
end

-- Prose is joined line by line; lines that are indented (an example) stay as they are.
local function join(lines)
  local out = ""
  for _, line in ipairs(lines) do
    if line == "" or line:find "^  " then out = out .. "\n" .. line
    elseif out == "" or out:find "\n$" then out = out .. line
    else out = out .. (out:match "[^\n]*$":find "^  " and "\n" or " ") .. line end
  end
  return trim(out)
end

local function describe_lua(block, prefix, mark, name, parameters, where)
  local one = {
    owner = prefix, name = name, method = mark == ":", where = where, kind = "function", args = {}, returns = {}, text = join(block.text),
  }
  if not parameters then one.alias = true end
  for _, arg in ipairs(comments.arguments_of(parameters or "")) do
    local text = block.params[arg.name]
    one.args[#one.args + 1] = { name = arg.name, text = text and join(text) or "" }
  end
  if not parameters then
    for param, text in pairs(block.params) do one.args[#one.args + 1] = { name = param, text = join(text) } end
    table.sort(one.args, function(a, b) return a.name > b.name end)
  end
  for _, result in ipairs(block.returns) do
    local text, fails = without_failure(join(result))
    one.fails = one.fails or fails
    if text ~= "" then one.returns[#one.returns + 1] = { text = text } end
  end
  return one
end

--- The descriptions in a Lua file. `owner` is what the file calls the table: "tcpstats", "methods", "core.batch_methods".
-- @param source its text
-- @param where its name, for messages
-- @return a list of descriptions, the file's own comment
function comments.of_lua(source, where)
  local list, lines, first = {}, nil, nil
  for line in (source .. "\n"):gmatch "(.-)\n" do
    local begin, more = line:match "^%-%-%-%s?(.*)$", line:match "^%-%-%s?(.*)$"
    if begin and lines and begin:find "^@" then
      lines[#lines + 1] = begin
    elseif begin and not line:find "^%-%-%-%-" then
      lines = { begin }
    elseif more and lines then
      lines[#lines + 1] = more
    elseif lines then
      local prefix, mark, name, parameters = line:match "^function ([%w_.]-)([.:])([%w_]+)(%b())"
      if not prefix then
        prefix, name, parameters = line:match "^([%a][%w_.]*)%.([%w_]+) = function(%b())"
        mark = "."
      end
      local value
      if not prefix then prefix, name, value = line:match "^([%a][%w_.]*)%.([%w_]+) = ([%w_.]+)$" end
      if name then
        list[#list + 1] = describe_lua(read_block(lines), prefix, mark, name, parameters and parameters:sub(2, -2), where)
        if value and not value:find "%." then list[#list].kind = "value" end -- another module's function is a function here
      elseif not first then
        first = join(lines)
      end
      lines = nil
    end
  end
  return list, first
end

return comments
