--- The fields that a run reads. What costs extra (owners) is looked up for them; fields that cannot be known are reported.
local core = require "tcpstats.core"
local report = require "tcpstats.host.report"
local script = require "tcpstats.host.script"

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

-- The fields that take a search for owners.
local OWNER <const> = { "pid", "fd", "command", "holders", "shared_descriptors" }

--- Notes the owner's fields that a script read in a pass without owners, and says so: what reads them needs no --processes from the next pass on.
---@param host tcpstats.Host
---@param instance tcpstats.Instance that has had the pass
---@param schedule tcpstats.Schedule of the pass
function wants.hear(host, instance, schedule)
  local missed, wanted, unasked = core.missed(), host.collector.wanted, {}
  if not host.collector.live or schedule.processes or script.is_builtin(instance.section.name) then return end
  for _, name in ipairs(OWNER) do
    if wanted[name] then return end
    if missed[name] then unasked[#unasked + 1] = name end
  end
  if #unasked == 0 then return end
  wants.note(host, unasked)
  report.log(host, instance.name, "warning",
    "%s: owners were not looked up in this pass, from the next one on they are; --processes or ctx:wants { %q } in init asks for them at once", unasked[1], unasked[1])
end

return wants
