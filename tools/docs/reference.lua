--- The reference part of doc/scripting.md.
local reference = {}

-- A type in a word; the prose beneath it describes the keys of a table.
local function short(type)
  if type:find "^{" then return type:find "%[%]%??$" and "list" or "table" end
  return (type:gsub("tcpstats%.", ""))
end

-- "batch:top(n, of)"
local function call_of(one, entry)
  local args = ""
  for i, param in ipairs(one.params) do
    local name = i > 1 and ", " .. param.name or param.name
    args = args .. (param.optional and (i > 1 and " [" or "[") .. name .. "]" or name)
  end
  local owner = entry.contract == "script" and "" or (entry.call or entry.class) .. (one.method and ":" or ".")
  return owner .. one.name .. (one.kind == "function" and "(" .. args .. ")" or "")
end

-- Whether a function fails with nil, what, code.
local function fails(one)
  local last = one.returns[#one.returns]
  return last ~= nil and last.name == "code" and last.type == "string?"
end

local function results_of(one)
  if one.kind == "value" then return one.type and (" → `%s`"):format(short(one.type)) or "" end
  local list = {}
  for _, result in ipairs(one.returns) do
    local failure = fails(one) and (result.name == "what" or result.name == "code")
    if not failure then list[#list + 1] = ("`%s`"):format(short(fails(one) and result.type:gsub("%?$", "") or result.type)) end
  end
  if #list == 0 then return "" end
  return " → " .. table.concat(list, ", ") .. (fails(one) and " or `nil, text, code`" or "")
end

-- A paragraph with its indented lines (an example, a list of cases) as a block.
local function paragraph(text)
  local out, block = {}, false
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local inner = line:match "^  +(.*)$"
    if inner and not block then out[#out + 1] = "" end
    if not inner and block and line ~= "" then out[#out + 1] = "" end
    block = inner ~= nil
    if inner then line = "    " .. line:gsub("^  ", "") end
    out[#out + 1] = line
  end
  return table.concat(out, "\n")
end

local function write(out, one, entry)
  out[#out + 1] = ("\n**`%s`**%s"):format(call_of(one, entry), results_of(one))
  if one.text ~= "" then out[#out + 1] = "\n" .. paragraph(one.text) end
  local list = {}
  for _, param in ipairs(one.params) do
    if param.text ~= "" then list[#list + 1] = ("- `%s`: %s"):format(param.name, param.text) end
  end
  for _, result in ipairs(one.returns) do
    if result.text ~= "" and not (fails(one) and result.name == "what") then
      list[#list + 1] = ("- returns %s%s"):format(result.name and ("`%s`: "):format(result.name) or "", result.text)
    end
  end
  if #list > 0 then out[#out + 1] = "\n" .. table.concat(list, "\n") end
end

-- Members that are values only, as a table.
local function write_table(out, members)
  out[#out + 1] = "\n| key | type | |\n|---|---|---|"
  for _, one in ipairs(members) do
    out[#out + 1] = ("| `%s` | `%s` | %s |"):format(one.name, short(one.type):gsub("|", "\\|"), (one.text:gsub("|", "\\|")))
  end
end

-- A class's fields and functions in one list.
local function members_of(class)
  local members = {}
  for _, field in ipairs(class.fields) do
    if not field.name:find "^%[" then
      members[#members + 1] = { name = field.name, kind = "value", type = field.type, text = field.text, params = {}, returns = {} }
    end
  end
  for _, one in ipairs(class.functions) do
    if not one.name:find "^__" then members[#members + 1] = one end
  end
  return members
end

--- The text between the markers.
---@param list table[] what docs.model read
---@return string markdown
function reference.text(list)
  local out = {}
  for _, one in ipairs(list) do
    out[#out + 1] = ("\n### %s\n\n%s"):format(one.entry.title, paragraph(one.class.text))
    local members, only_values = members_of(one.class), true
    for _, member in ipairs(members) do only_values = only_values and member.kind == "value" end
    if one.entry.brief then members = {} end
    if only_values then write_table(out, members) end
    for _, member in ipairs(only_values and {} or members) do write(out, member, one.entry) end
  end
  return table.concat(out, "\n"):gsub("\n\n\n+", "\n\n") .. "\n"
end

return reference
