--- The reference part of doc/scripting.md.
local words = require "docs.words"

local reference = {}

-- A type in a word; the prose beneath tells the keys of a table.
local function short(type)
  if type:find "^{" then return type:find "%[%]$" and "list" or "table" end
  return (type:gsub("tcpstats%.", ""))
end

-- "batch:top(n, of)"
local function call_of(one, class)
  local args = ""
  for i, arg in ipairs(one.args) do
    local name = i > 1 and ", " .. arg.name or arg.name
    if one.braces then return class.call .. ":" .. one.name .. arg.text end -- name{...}
    args = args .. (arg.optional and (i > 1 and " [" or "[") .. name .. "]" or name)
  end
  local owner = class.contract == "script" and "" or (class.call or class.name) .. (one.method and ":" or ".")
  return owner .. one.name .. (one.kind == "function" and "(" .. args .. ")" or "")
end

local function results_of(one)
  local list = {}
  for _, result in ipairs(one.returns) do list[#list + 1] = "`" .. short(result.type) .. "`" end
  if #list == 0 then return "" end
  return " → " .. table.concat(list, ", ") .. (one.fails and " or `nil, text, code`" or "")
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

local function about(text) -- what an argument's or result's prose says beyond its type
  return text:gsub("^%s+", ""):gsub("\n%s*", " "):gsub("; may be nil$", ""):gsub("^; may be nil%. ?", ""):gsub("%. ?$", "")
end

local function write(out, one, class)
  out[#out + 1] = ("\n**`%s`**%s"):format(call_of(one, class), results_of(one))
  if one.text ~= "" then out[#out + 1] = "\n" .. paragraph(one.text) end
  local list = {}
  for _, arg in ipairs(one.args) do
    local prose = about(arg.prose)
    local keys = prose:find "^{.* = " and prose:match "^%b{}"
    if keys then
      list[#list + 1] = ("- `%s`:%s"):format(arg.name, prose:sub(#keys + 1))
      for _, piece in ipairs(words.split(keys:sub(2, -2), ",")) do
        local key, text = piece:match "^%s*([%w_]+) ?= ?(.*)$"
        if key then list[#list + 1] = ("  - `%s`%s"):format(key, text ~= "" and ": " .. text or "")
        else list[#list] = list[#list] .. "," .. piece end
      end
    elseif prose ~= "" and not (prose:find "^{[%w_=, ]*}$") then
      list[#list + 1] = ("- `%s`: %s"):format(arg.name, prose)
    end
  end
  for _, result in ipairs(one.returns) do
    local prose = about(result.prose)
    if prose:find " .* " and not prose:find "^a list of %a+$" and one.kind == "function" then list[#list + 1] = "- gives " .. prose end
  end
  if #list > 0 then out[#out + 1] = "\n" .. table.concat(list, "\n") end
end

--- The text between the markers.
-- @param api what docs.model read
-- @return markdown
function reference.text(api)
  local out = {}
  for _, class in ipairs(api) do
    if class.title and not class.lax and #class.functions > 0 then
      out[#out + 1] = ("\n### %s\n\n%s"):format(class.title, class.text)
      for _, one in ipairs(class.brief and {} or class.functions) do
        if not one.name:find "^__" then write(out, one, class) end
      end
    end
  end
  return table.concat(out, "\n"):gsub("\n\n\n+", "\n\n") .. "\n"
end

return reference
