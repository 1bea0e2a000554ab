--- Batches of sockets that a spec makes up, by way of protobuf.
local tcpstats = require "tcpstats"

local sockets = {}

local numbers = {}
for _, field in ipairs(tcpstats.fields()) do numbers[field.name] = field.number end

--- An integer as protobuf's varint.
function sockets.varint(n)
  local bytes = {}
  while n > 0x7f or n < 0 do
    bytes[#bytes + 1] = string.char(n & 0x7f | 0x80)
    n = n >> 7
  end
  return table.concat(bytes) .. string.char(n)
end
local varint = sockets.varint

local function message(number, body) return varint(number << 3 | 2) .. varint(#body) .. body end

local function encode(number, value)
  if type(value) == "string" then return message(number, value) end
  if type(value) == "table" then
    local packed = {}
    for i, v in ipairs(value) do packed[i] = varint(v) end
    return message(number, table.concat(packed))
  end
  return varint(number << 3) .. varint(value)
end

--- A batch.
-- @param list one table a socket: the proto's field names; numbers (enums too), strings for text and bytes, lists for repeated enums
-- @param metadata fields of CollectionMetadata by number; may be nil
-- @return the batch as tcpstats.decode gives it
function sockets.batch(list, metadata)
  local parts = {}
  if metadata then
    local body = {}
    for number, value in pairs(metadata) do body[#body + 1] = encode(number, value) end
    parts[1] = message(1, table.concat(body))
  end
  for _, fields in ipairs(list) do
    local body = {}
    for name, value in pairs(fields) do body[#body + 1] = encode(assert(numbers[name], name), value) end
    parts[#parts + 1] = message(2, table.concat(body))
  end
  local all = table.concat(parts)
  return (assert(tcpstats.decode(varint(#all) .. all)))
end

--- A batch of many sockets: those of another one, over and over.
---@param batch tcpstats.Batch
---@param count integer
---@return tcpstats.Batch
function sockets.repeated(batch, count)
  local bytes = batch:encode "protobuf"
  local body = bytes:match("^[\x80-\xff]*[\0-\x7f](.*)$") -- after its length
  local parts, records = {}, {}
  local at = 1
  while at <= #body do
    local length, shift, start = 0, 0, at + 1
    repeat
      local byte = body:byte(start)
      length, shift, start = length | (byte & 0x7f) << shift, shift + 7, start + 1
    until byte < 0x80
    local field = body:sub(at, start + length - 1)
    if body:byte(at) == 2 << 3 | 2 then records[#records + 1] = field else parts[#parts + 1] = field end
    at = start + length
  end
  for i = 0, count - 1 do parts[#parts + 1] = records[i % #records + 1] end
  local all = table.concat(parts)
  return (assert(tcpstats.decode(varint(#all) .. all)))
end

--- The sockets of a batch or view as tables, in order.
function sockets.tables(batch)
  local list = {}
  for s in batch:each() do list[#list + 1] = s:totable() end
  return list
end

return sockets
