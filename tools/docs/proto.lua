--- Reads a .proto file as the documentation needs it: messages, groups, fields and enums with their comments, in the file's order.
-- It knows the kinds of lines that proto/tcp_stats.proto has and raises on any other, so that nothing is left out silently.
local proto = {}

-- Words are what scripts see: TCP_STATE_CLOSE_WAIT of TcpState is CLOSE_WAIT, IP_VERSION_4 is the number 4.
local function short_word(enum, name)
  local prefix = enum:gsub("%u", "_%0"):sub(2):upper() .. "_"
  local word = assert(name:match("^" .. prefix .. "(.+)$"), name)
  return math.tointeger(tonumber(word)) or word
end

-- "What. Implicit. Linux: x. macOS 15: y." -> what, implicit, {{platform=, from=}...}
local function take_apart(comment)
  local feeds, at = {}, {}
  for start, label in (". " .. comment):gmatch "()%. (%a[%w_ ]*): " do
    local platform = label:match "^%a+"
    if platform == "Linux" or platform == "macOS" or platform == "FreeBSD" or platform == "kld" then
      at[#at + 1] = { start = start, label = label }
    end
  end
  local text = ". " .. comment
  for i, one in ipairs(at) do
    local until_ = at[i + 1] and at[i + 1].start - 1 or #text
    feeds[i] = { platform = one.label, from = (text:sub(one.start + 2 + #one.label + 2, until_):gsub("%.$", "")) }
  end
  local what = text:sub(3, at[1] and at[1].start - 1 or #text):gsub("%.$", "")
  local implicit
  what, implicit = what:gsub("%. Implicit$", "")
  return what, implicit > 0, feeds
end

--- Reads a file.
---@param path string
---@return { messages: table<string, table>, enums: table<string, table> } schema a message is {name=, comment=, fields = {...}}, an enum {name=,
---  comment=, values = {{word=, number=, comment=}}}, a field {name=, number=, type=, repeated=, group=, help=, what=, implicit=,
---  feeds = {{platform=, from=}}}
function proto.read(path)
  local messages, enums = {}, {}
  local block, comment, group = nil, {}, nil
  local function take_comment()
    local text = table.concat(comment, " ")
    comment = {}
    return text
  end
  for line in io.lines(path) do
    local text = line:match "^%s*// ?(.*)"
    local kind, name = line:match "^(%a+) (%w+) {$"
    local label, type_, field, number = line:match "^  (%a+) ([%w_]+) ([%w_]+) = (%d+)[^;]*;$"
    local value, value_number = line:match "^  ([%u%d_]+) = (%d+);$"
    if text and text:find "^## " then
      group = text:sub(4)
    elseif text then
      comment[#comment + 1] = text
    elseif kind then
      block = { name = name, comment = take_comment(), fields = {}, values = {} }
      group = nil
      assert(kind == "message" and messages or kind == "enum" and enums, line)[name] = block
    elseif label then
      assert(label == "optional" or label == "repeated", line)
      local help = take_comment()
      local what, implicit, feeds = take_apart(help)
      block.fields[#block.fields + 1] = {
        name = field, number = tonumber(number), type = type_, repeated = label == "repeated", group = group,
        help = help, what = what, implicit = implicit, feeds = feeds,
      }
    elseif value then
      block.values[#block.values + 1] = { word = short_word(block.name, value), number = tonumber(value_number), comment = take_comment() }
    else
      assert(line == "" or line == "}" or line:find "^syntax" or line:find "^package", line)
      comment = {}
    end
  end
  return { messages = messages, enums = enums }
end

return proto
