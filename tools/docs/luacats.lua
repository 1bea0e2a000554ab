--- The types below types/ that are made: those of the proto's messages, and those of the script contract. Editors that read LuaCATS annotations
-- (lua-language-server and others) complete and check with them, with the hand-kept ones beside them, and with the sources.
local luacats = {}

local HEAD <const> = "---@meta\n-- Made by `make docs`; do not edit.\n"

local scalar = {
  uint32 = "integer", int32 = "integer", uint64 = "integer", int64 = "integer", double = "number", bool = "boolean",
  string = "string", bytes = "string",
}

local function comment(out, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do out[#out + 1] = ("--- %s"):format(line) end
end

local function one_line(text) return (text:gsub("%s*\n%s*", " ")) end

local function field_type(field, class, schema)
  local type = scalar[field.type] or "tcpstats." .. field.type
  if not field.repeated then return type end
  if class == "tcpstats.Socket" and schema.enums[field.type] then return "string" end -- a socket's set reads as its words with commas
  return type .. "[]"
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
    out[#out + 1] = ("---@field %s? %s %s"):format(field.name, field_type(field, class, schema), field.help)
  end
  out[#out + 1] = ""
end

local function fields(schema)
  local out, names, quoted = { HEAD }, {}, {}
  for name in pairs(schema.enums) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do write_enum(out, schema.enums[name]) end
  for _, field in ipairs(schema.messages.TcpSocketRecord.fields) do quoted[#quoted + 1] = ('"%s"'):format(field.name) end
  comment(out, "The name of a field of a socket.")
  out[#out + 1] = ("---@alias tcpstats.FieldName %s\n"):format(table.concat(quoted, "|"))
  for _, name in ipairs { "CollectionMetadata", "StateBucket", "SystemSummary", "SocketHolder" } do write_message(out, schema.messages[name], "tcpstats." .. name, schema) end
  write_message(out, schema.messages.TcpSocketRecord, "tcpstats.Socket", schema)
  return table.concat(out, "\n")
end

local function fun_type(one, self)
  local args, results = { one.method and "self: " .. self or nil }, {}
  for _, param in ipairs(one.params) do args[#args + 1] = ("%s%s: %s"):format(param.name, param.optional and "?" or "", param.type) end
  for i, result in ipairs(one.returns) do results[i] = result.type end
  return ("fun(%s)%s"):format(table.concat(args, ", "), #results > 0 and ": " .. table.concat(results, ", ") or "")
end

local function contract(list)
  local out = { HEAD }
  for _, one in ipairs(list) do
    if one.entry.contract then
      comment(out, one.class.text)
      out[#out + 1] = "---@class " .. one.class.name
      for _, member in ipairs(one.class.functions) do
        local type = member.kind == "function" and fun_type(member, one.class.name) or member.type
        out[#out + 1] = ("---@field %s%s %s %s"):format(member.name, member.optional and "?" or "", type, one_line(member.text))
      end
      out[#out + 1] = ""
    end
  end
  return table.concat(out, "\n")
end

--- The files.
---@param list table[] the classes that docs.model read
---@param schema table what docs.proto read
---@return table<string, string> texts by path
function luacats.files(list, schema)
  return { ["types/tcpstats/fields.lua"] = fields(schema), ["types/tcpstats/contract.lua"] = contract(list) }
end

return luacats
