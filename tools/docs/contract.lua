--- Reads the contract of a script, which stands in the comment at the head of lua/tcpstats/host/script.lua: the keys of its table, and ctx.
--
--   KEY, KEY         text                    in the list before "## ctx"
--   HOOK(s, ctx) -> result   text
--   ctx.NAME         text                    in the list behind it
--   ctx:NAME(x) -> result   text
-- What is indented deeper goes on with the entry above it; what is indented deeper than its text is a list.
local comments = require "docs.comments"

local contract = {}

-- "ctx:output(url) -> output     another one" -> its parts, or nil.
local function entry_of(line)
  local method, whole = line:find "^  ctx:" ~= nil, #line
  line = line:gsub("^  ctx[.:]", "  ")
  local names, args, rest = line:match "^  (%l[%w_]*)(%b())(.*)$"
  if not names then names, rest = line:match "^  (%l[%w_]*[%w_, ]-)%s%s+(.*)$" end
  if not names then return end
  local result = args and rest:match "^ %-> ([%w_.]+)"
  if result then rest = rest:gsub("^ %-> [%w_.]+", "") end
  args = args and comments.arguments_of(args:sub(2, -2))
  local list = {}
  for name in names:gmatch "[%w_]+" do
    local text = rest:gsub("^%s+", "")
    list[#list + 1] = { name = name, method = method, args = args, result = result, text = text, column = whole - #text }
  end
  return list
end

--- Reads the file.
-- @param source its text
-- @return the entries of the script's table, those of ctx; each {name=, method=, args= (of a function), result=, text=}
function contract.read(source)
  local keys, ctx = {}, {}
  local into, last = keys, {}
  for line in source:gmatch "(.-)\n" do
    if not line:find "^%-%-" then break end
    local text = line:gsub("^%-%-%-?%s?", "", 1)
    local entries = entry_of(text)
    if text:find "^## ctx" then
      into, last = ctx, {}
    elseif entries then
      table.move(entries, 1, #entries, #into + 1, into)
      last = entries
    elseif text:find "^    " then
      local indent, rest = text:match "^( *)(.*)$"
      for _, entry in ipairs(last) do entry.text = entry.text .. (#indent > entry.column and "\n  " or " ") .. rest end
    else
      last = {}
    end
  end
  return keys, ctx
end

return contract
