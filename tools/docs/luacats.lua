--- types/: what an editor that reads LuaCATS annotations (lua-language-server and others) completes and checks with.
local luacats = {}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

local scalar = {
  uint32 = "integer", int32 = "integer", uint64 = "integer", int64 = "integer", double = "number", bool = "boolean",
  string = "string", bytes = "string",
}

local function comment(out, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do out[#out + 1] = ("---%s"):format(line) end
end

local function field_type(field, schema)
  local type = scalar[field.type] or "tcpstats." .. field.type
  if not field.repeated then return type end
  return schema.enums[field.type] and "string" or type .. "[]" -- a socket's set reads as its words with commas
end

local function write_enum(out, enum)
  local list = {}
  for _, value in ipairs(enum.values) do list[#list + 1] = math.type(value.word) and tostring(value.word) or ('"%s"'):format(value.word) end
  if enum.comment ~= "" then comment(out, enum.comment) end
  out[#out + 1] = ("---@alias tcpstats.%s %s\n"):format(enum.name, table.concat(list, "|"))
end

local function write_message(out, message, class, schema)
  if message.comment ~= "" then comment(out, message.comment) end
  out[#out + 1] = "---@class " .. class
  for _, field in ipairs(message.fields) do
    local type = field_type(field, schema)
    if class ~= "tcpstats.Socket" and field.repeated and schema.enums[field.type] then type = ("tcpstats.%s[]"):format(field.type) end
    out[#out + 1] = ("---@field %s? %s %s"):format(field.name, type, field.help)
  end
end

local function argument_name(arg) return KEYWORDS[arg.name] and arg.name .. "_" or arg.name end

local function list_of_arguments(one)
  local names = {}
  for i, arg in ipairs(one.args) do names[i] = argument_name(arg) end
  return table.concat(names, ", ")
end

-- What stands behind a type: less what the type says already.
local function remark(prose)
  prose = prose:gsub("^%b{}", ""):gsub("^;? ?may be nil$", ""):gsub("; may be nil$", ""):gsub("^[%s:;,]+", "")
  return (prose:find "^[%w_]*$" or prose:find "^an? %a+$" or prose:find "^the %a+$") and "" or prose
end

local function one_line(text) return (text:gsub("%s*\n%s*", " "):gsub("[%s;]+$", "")) end

local function first_paragraph(text) return (text:gsub("\n  .*$", "")) end

-- A type that may be nil, in the notation that the type wants.
local function or_nil(type)
  if type:find "%?$" or type == "nil" then return type end
  return type:find "[|:]" and type .. "|nil" or type .. "?"
end

local function write_function(out, one, variable)
  if one.text ~= "" then comment(out, one.text) end
  for _, arg in ipairs(one.args) do
    local name = arg.name == "..." and "..." or argument_name(arg) .. (arg.optional and "?" or "")
    out[#out + 1] = one_line(("---@param %s %s %s"):format(name, arg.type, remark(arg.prose)))
  end
  for i, result in ipairs(one.returns) do
    local type = one.fails and (i == 1 or #one.returns > 1) and or_nil(result.type) or result.type
    local prose = remark(result.prose)
    if prose ~= "" then prose = " # " .. prose end
    out[#out + 1] = one_line(("---@return %s%s"):format(type, prose))
  end
  if one.fails and #one.returns < 2 then
    out[#out + 1] = "---@return string? what # what went wrong"
    out[#out + 1] = "---@return string? code"
  elseif one.fails then
    out[#out + 1] = "---@return string? code"
  end
  out[#out + 1] = ("function %s%s%s(%s) end\n"):format(variable, one.method and ":" or ".", one.name, list_of_arguments(one))
end

local function fun_type(one)
  local args = {}
  for i, arg in ipairs(one.args) do args[i] = ("%s: %s"):format(argument_name(arg), arg.type) end
  local results = {}
  for i, result in ipairs(one.returns) do results[i] = result.type end
  return ("fun(%s)%s"):format(table.concat(args, ", "), #results > 0 and ": " .. table.concat(results, ", ") or "")
end

local function write_class(out, class, schema)
  local variable = class.name:match "[^.]+$"
  if class.text then comment(out, class.text) end
  if class.message then
    write_message(out, schema.messages[class.message], class.name, schema)
  else
    out[#out + 1] = "---@class " .. class.name .. (class.list_of and ": { [integer]: " .. class.list_of .. " }" or "")
  end
  for _, line in ipairs(class.meta or {}) do out[#out + 1] = "---@" .. line end
  for _, field in ipairs(class.fields or {}) do out[#out + 1] = "---@field " .. field end
  local functions = {}
  for _, one in ipairs(class.functions) do
    local optional = class.contract == "script" and "?" or ""
    if one.hook or one.kind == "value" then
      local type = one.hook and fun_type(one) or one.returns[1].type
      out[#out + 1] = one_line(("---@field %s%s %s %s"):format(one.name, optional, type, first_paragraph(one.text)))
    elseif not one.name:find "^__" then
      functions[#functions + 1] = one
    end
  end
  out[#out + 1] = #functions > 0 and ("local %s = {}\n"):format(variable) or ""
  for _, one in ipairs(functions) do write_function(out, one, variable) end
end

-- What all of the types share: enums, the names of fields, messages.
local function write_schema(out, schema)
  local names = {}
  for name in pairs(schema.enums) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do write_enum(out, schema.enums[name]) end
  local quoted = {}
  for _, field in ipairs(schema.messages.TcpSocketRecord.fields) do quoted[#quoted + 1] = ('"%s"'):format(field.name) end
  comment(out, "The name of a field of a socket.")
  out[#out + 1] = ("---@alias tcpstats.FieldName %s\n"):format(table.concat(quoted, "|"))
  for _, name in ipairs { "CollectionMetadata", "StateBucket", "SystemSummary" } do
    write_message(out, schema.messages[name], "tcpstats." .. name, schema)
    out[#out + 1] = ""
  end
end

--- The files below types/.
-- @param api what docs.model read
-- @param schema what docs.proto read
-- @return a table: text by path
function luacats.files(api, schema)
  local files, list = {}, {}
  for _, class in ipairs(api) do
    local module = class.file or "tcpstats"
    local out = files[module]
    if not out then
      out = { ("---@meta %s\n-- Made by `make docs`; do not edit.\n"):format(module) }
      files[module], list[#list + 1] = out, class
      if module == "tcpstats" then write_schema(out, schema) end
    end
    write_class(out, class, schema)
  end
  local texts = {}
  for _, class in ipairs(list) do
    local text = table.concat(files[class.file], "\n") .. "\nreturn " .. class.name:match "[^.]+$" .. "\n"
    texts[("types/%s.lua"):format(class.file:gsub("%.", "/"))] = text:gsub("\n\n\n+", "\n\n")
  end
  return texts
end

return luacats
