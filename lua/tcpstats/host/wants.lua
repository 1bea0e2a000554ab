--- The fields that a run reads. What costs extra (owners) is looked up for them; fields that cannot be known are reported.
local core = require "tcpstats.core"
local report = require "tcpstats.host.report"

local wants = {}

-- All fields of a socket, as list and as set; made on first use.
local known
local function all_fields()
  if known then return known end
  known = {}
  for i, field in ipairs(core.fields()) do known[i], known[field.name] = field.name, true end
  return known
end

--- Notes that these fields are read. Raises if a name is not a field.
---@param host tcpstats.Host
---@param names string[]|table<string, true> a list or a set
function wants.note(host, names)
  for key, value in pairs(names) do
    local name = type(key) == "string" and key or value
    if not all_fields()[name] then
      error(("no field '%s'%s"):format(tostring(name), require("tcpstats.suggest").hint(tostring(name), all_fields())), 0)
    end
    host.collector:read(name)
  end
end

--- The fields among these that this run can never know.
---@param host tcpstats.Host
---@param names string[]|table<string, true> a list or a set
---@return table<string, string> by name, why
function wants.missing(host, names)
  local missing = {}
  local ever, at_once = host.collector:possible()
  if not ever then return missing end
  for key, value in pairs(names) do
    local name = type(key) == "string" and key or value
    if not ever[name] then
      missing[name] = ("%s sockets never have it"):format(host.collector.source:name())
    elseif not at_once[name] then
      missing[name] = "it takes two passes to know, and -c 1 makes one"
    end
  end
  return missing
end

local function warn_of_missing(host, names)
  for name, why in pairs(wants.missing(host, names)) do report.warn_once(host, ("%s: %s"):format(name, why)) end
end

--- Notes the fields that filters and expressions read, and warns of those that this run can never know.
---@param host tcpstats.Host
---@param filters (tcpstats.Filter|false)[]
---@param expressions (tcpstats.Expression|false)[]
function wants.note_all(host, filters, expressions)
  for _, filter in ipairs(filters) do
    if filter then
      wants.note(host, filter:fields())
      warn_of_missing(host, filter:fields())
    end
  end
  for _, expression in ipairs(expressions) do
    if expression then
      wants.note(host, expression.fields)
      warn_of_missing(host, expression.fields)
    end
  end
end

return wants
