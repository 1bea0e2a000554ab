--- From the words of a description to a type of the editor's.
--
-- What an argument is called or a result begins with says its type: `text` is a string, "a view of ..." a batch. Where the words do not, the
-- type stands in brackets in front: "@param what (string|integer) ...". What stays without a type is an error of docs-check.
local words = {}

local classes = {
  batch = "tcpstats.Batch", view = "tcpstats.Batch", socket = "tcpstats.Socket", source = "tcpstats.Source", filter = "tcpstats.Filter",
  expression = "tcpstats.Expression", tracker = "tcpstats.Tracker", groups = "tcpstats.Groups", group = "tcpstats.Group",
  alarm = "tcpstats.Alarm", output = "tcpstats.Output", ctx = "tcpstats.Ctx", collector = "tcpstats.Collector", script = "tcpstats.Script",
}

-- What a result or an argument's description may begin with, after its article.
local nouns = {
  string = "string", text = "string", line = "string", name = "string", word = "string", bytes = "string", url = "string", path = "string",
  number = "number", seconds = "number", integer = "integer", fd = "integer", position = "integer", nanoseconds = "integer",
  ["true"] = "true", boolean = "boolean", whether = "boolean", table = "table", list = "any[]", iterator = "fun(): ...", ["function"] = "function",
  field = "string|tcpstats.FieldName", value = "any", key = "any", ["nil"] = "nil",
}
for word, class in pairs(classes) do nouns[word] = class end
local plurals = { batches = nouns.batch }
for _, word in ipairs { "view", "socket", "source", "filter", "tracker", "string", "number", "integer", "field", "name", "key" } do
  plurals[word .. "s"] = nouns[word]
end

-- What an argument or a key of an options table may be called.
local names = {
  t = "table", s = classes.socket, text = "string", spec = "string", path = "string", url = "string", name = "string", bytes = "string", message = "string",
  schedule_name = "string", record = "string", command = "string", tool_version = "string",
  n = "integer", count = "integer", fd = "integer", position = "integer", sequence = "integer", columns = "integer",
  seconds = "number", percent = "number", ratio = "number", on = "number", off = "number", us = "number", ms = "number", ns = "integer",
  live = "boolean", right = "boolean", isatty = "boolean", colored = "boolean", pretty = "boolean", header = "boolean",
  processes = "boolean", tcp_info = "boolean", push_states = "boolean",
  summary_only = "boolean", condition = "boolean", active = "boolean", append = "boolean",
  filter = "string|tcpstats.Filter", fields = "(string|tcpstats.FieldName)[]", options = "table", predicate = "fun(s: tcpstats.Socket): any",
  hook = "fun(s: tcpstats.Socket, context: any)", handler = "fun(message: any): any", context = "any", level = '"error"|"warning"|"info"|"debug"',
  tcp_info_limit = "integer", code = "integer", whole_table = "boolean", words = "any[]", help = "string", number = "integer",
  key = "any", value = "any", x = "any", ["..."] = "any", _ = "any",
  format = '"json"|"flat"|"protobuf"|"csv"', addresses = '"base64"|"text"',
}
for word, class in pairs(classes) do names[word] = names[word] or class end

--- The type of what is called so, or nil.
function words.of_name(name)
  if names[name] then return names[name] end
  if name:find "_ns$" or name:find "_ms$" or name:find "_us$" or name:find "_bytes$" then return "integer" end
end

--- Splits at a character outside of brackets and quotes.
function words.split(text, mark)
  local list, depth, quoted, at = {}, 0, false, 1
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == '"' then quoted = not quoted end
    if not quoted then
      if c:find "[{(%[]" then depth = depth + 1 elseif c:find "[})%]]" then depth = depth - 1 end
      if depth == 0 and c == mark then
        list[#list + 1] = text:sub(at, i - 1)
        at = i + 1
      end
    end
  end
  list[#list + 1] = text:sub(at)
  return list
end

-- "{name=, keys={{key=, help=}}, source="auto"}" -> a table type, "a list of {...}" inside included. Everything may be missing.
local function of_literal(literal)
  local inner = literal:sub(2, -2)
  if inner:find "^%s*{" then return of_literal(inner:match "%b{}") .. "[]" end
  local keys = {}
  for _, piece in ipairs(words.split(inner, ",")) do
    local key, value = piece:match "^%s*([%a_][%w_]*)%s*=%s*(.*)$"
    if not key then return "table" end
    local type = words.of_name(key) or "any"
    if value:find '^{' or value:find '^".*" or "' or type == "any" and value ~= "" then type = words.of_phrase(value) or "any" end
    if value:find '^"[^"]*"$' then type = "string" end
    keys[#keys + 1] = ("%s?: %s"):format(key, type)
  end
  return #keys > 0 and "{ " .. table.concat(keys, ", ") .. " }" or "table"
end

local function of_one(phrase, in_list)
  phrase = phrase:gsub("^%s+", "")
  local explicit = phrase:match "^%b()"
  if explicit then return explicit:sub(2, -2) end
  if phrase:find "^{" then return of_literal(phrase:match "^%b{}" or "{}") end
  if phrase:find '^"' then return phrase:match '^"[^"]*"' end
  phrase = phrase:gsub("^[Aa]n? ", ""):gsub("^[Tt]he ", ""):gsub("^this ", ""):gsub("^empty ", "")
  local element = phrase:match "^list of (.*)$" or phrase:match "^table of (.*)$"
  if element then
    local type = of_one(element, true)
    if type == classes.groups or type == classes.group then return classes.groups end
    return type and (type:find "|" and "(" .. type .. ")[]" or type .. "[]")
  end
  if phrase:find "^table {" then return of_literal(phrase:match "%b{}") end
  if phrase:find "^function%(s" then return "fun(s: tcpstats.Socket): any" end
  if phrase:find "^function%(group" then return "fun(group: tcpstats.Group): number?" end
  local word = phrase:match "^[%a_]+"
  if word and plurals[word] then return in_list and plurals[word] or plurals[word] .. "[]" end
  return word and nouns[word]
end

--- The type that a description begins with, or nil: "a filter, as text or compiled; or a function(s)" is a union.
function words.of_phrase(phrase)
  local first = of_one(phrase)
  if not first then return nil end
  if phrase:find "^%(" then return first end
  local types, seen = { first }, { [first] = true }
  for other in phrase:gsub("^%b{}", ""):gmatch "%f[%a]or (.+)" do
    while other do
      local type = of_one(other)
      if type and not seen[type] then
        types[#types + 1], seen[type] = type, true
      end
      other = other:match "%f[%a]or (.+)"
    end
  end
  if phrase:find "as text or compiled" and not seen.string then table.insert(types, 1, "string") end
  return table.concat(types, "|")
end

--- A description without the type in brackets that it begins with.
function words.prose(phrase)
  return phrase:match "^%b() ?(.*)$" or phrase
end

--- Whether an argument may be left out, as its description says.
function words.optional(phrase) return phrase:find "[Mm]ay be nil" ~= nil or phrase:find "^nil," ~= nil or phrase:find '%s%([%w"./]+%)$' ~= nil end

return words
