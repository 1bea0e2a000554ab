--- doc/fields.md: every field of every message, as the proto's comments describe it.
local fields = {}

-- Names of the kernels' sources, of fields and of options are set as code: what is one word, or has a word with _ or < in it, or begins with --.
local function as_code(text)
  if text:find "^[%w_./<>%[%]]+$" then return "`" .. text .. "`" end
  return (text:gsub("%S+", function(word)
    local before, name, after = word:match "^([(]?)(.-)([),.;:]*)$"
    if name:find "[_<]" or name:find "^%-%-" then return before .. "`" .. name .. "`" .. after end
  end))
end

local function feeds_of(field)
  local list = {}
  for _, feed in ipairs(field.feeds) do list[#list + 1] = feed.platform .. ": " .. as_code(feed.from) end
  return table.concat(list, "; ")
end

local function type_of(field, enums)
  local name = enums[field.type] and ("[%s](#%s)"):format(field.type, field.type:lower()) or field.type
  if field.type == "StateBucket" then name = "list of {state, count}" end
  if field.type == "SocketHolder" then name = "list of {pid, fd, command}" end
  if field.repeated and enums[field.type] then name = "set of " .. name end
  if not field.implicit then return name end
  local nothing = enums[field.type] and "unknown" or (field.type == "string" or field.type == "bytes") and "empty" or "0"
  return name .. ", never " .. nothing
end

local function write_message(out, message, enums)
  local group = false
  for _, field in ipairs(message.fields) do
    if field.group ~= group then
      group = field.group
      if group then out[#out + 1] = "\n### " .. group end
      out[#out + 1] = "\n| field | no. | type | description | fed by |\n|---|---|---|---|---|"
    end
    out[#out + 1] = ("| `%s` | %d | %s | %s | %s |"):format(field.name, field.number, type_of(field, enums), as_code(field.what), feeds_of(field))
  end
end

-- What stands above the tables of each message, in the order of the page.
local chapters = {
  { "TcpSocketRecord", "Fields of a socket", [[
Scripts read them as `s.FIELD`, filters compare them as `FIELD>N`, and outputs have them as keys and columns. `sources` says which of the kernel's
interfaces fed a record. A listener has few of these fields, and so does a connection in TIME_WAIT, of which the kernel keeps little.]] },
  { "CollectionMetadata", "Fields of a batch", "Scripts read them as `batch.metadata.FIELD`." },
  { "SystemSummary", "The system's own counters", [[
Scripts read them as `batch.summary.FIELD`. A counter is the change since the previous pass of the same schedule: it is absent in the first pass, and in a
pass where the kernel's counter went backwards. Linux counts for the network namespace that tcpstats runs in, unless the description says otherwise.]] },
}

--- The page.
---@param schema table what docs.proto read
---@return string markdown
function fields.page(schema)
  local out = { [[
# Fields

Made by `make docs` from the comments of [proto/tcp_stats.proto](../proto/tcp_stats.proto); change them there.

A field that the kernel did not report is absent: `nil` in Lua, left out in JSON, empty in CSV. Absent is not 0. "Never 0" marks fields for which 0 means
that the kernel has no value. Names include units: `_us` microseconds, `_ms` milliseconds, `_ns` nanoseconds; sizes are in bytes. 64-bit fields are
exact. Addresses are text, except in protobuf and canonical JSON, where they are bytes.

"Fed by" names the kernel's own field on each platform; a platform that is not named does not report the field. "FreeBSD" is the system's own tables,
"kld" the tcpstats kernel module (`/dev/tcpstats`), and "macOS tcp_info" the call for each connection (`--tcp-info`).]] }
  for _, chapter in ipairs(chapters) do
    local name, title, text = table.unpack(chapter)
    out[#out + 1] = ("\n## %s\n\n%s"):format(title, text)
    write_message(out, assert(schema.messages[name], name), schema.enums)
  end
  out[#out + 1] = "\n## Words\n\nScripts, flat JSON and CSV use these words; canonical JSON uses the long names (`TCP_STATE_LISTEN`)."
  local names = {}
  for name in pairs(schema.enums) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local enum = schema.enums[name]
    out[#out + 1] = "\n### " .. name
    if enum.comment ~= "" then out[#out + 1] = "\n" .. enum.comment end
    out[#out + 1] = "\n| word | no. | |\n|---|---|---|"
    for _, value in ipairs(enum.values) do
      out[#out + 1] = ("| `%s` | %d | %s |"):format(value.word, value.number, as_code(value.comment))
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return fields
