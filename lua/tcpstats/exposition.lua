--- Metrics as Prometheus reads them: the text format (version 0.0.4) or OpenMetrics 1.0. Samples are collected by metric; text() writes each metric
--- once, with its HELP and TYPE, and ends with `# EOF`, which is a comment in the one format and the end in the other: a stream of expositions is
--- cut there.
local exposition = {}

---@class tcpstats.Exposition
---@field open_metrics boolean
local Exposition = {}
Exposition.__index = Exposition

--- An exposition without samples.
---@param open_metrics? boolean OpenMetrics instead of the text format
---@return tcpstats.Exposition
function exposition.new(open_metrics)
  return setmetatable({ open_metrics = open_metrics or false, metrics = {}, by_name = {} }, Exposition)
end

-- Prometheus takes UTF-8 only; a process may call itself anything.
local function readable(text)
  if utf8.len(text) then return text end
  return (text:gsub("[\x80-\xff]", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

local function escaped(value) return (readable(tostring(value)):gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" })) end

--- Labels as they follow a metric's name: {state="LISTEN",local_port="22"}, "" without any. An empty value is the same as no label.
---@param names string[]
---@param values any[] by the same index
---@return string
function exposition.labels(names, values)
  local parts = {}
  for i, name in ipairs(names) do
    if values[i] ~= nil and values[i] ~= "" then parts[#parts + 1] = ('%s="%s"'):format(name, escaped(values[i])) end
  end
  return #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or ""
end

--- Labels with one more.
---@param labels string
---@param name string
---@param value any
---@return string
function exposition.with(labels, name, value)
  local one = ('%s="%s"'):format(name, escaped(value))
  return labels == "" and "{" .. one .. "}" or labels:sub(1, -2) .. "," .. one .. "}"
end

local function number_text(n)
  if math.type(n) == "integer" then return ("%d"):format(n) end
  local short = ("%.15g"):format(n)
  return tonumber(short) == n and short or ("%.17g"):format(n)
end

local function metric_of(self, name, kind, help)
  local metric = self.by_name[name]
  if not metric then
    metric = { name = name, kind = kind, help = help, lines = {} }
    self.by_name[name] = metric
    self.metrics[#self.metrics + 1] = metric
  end
  return metric
end

--- Adds a sample of a gauge or counter. The name of a counter ends in _total.
---@param name string
---@param kind "gauge"|"counter"
---@param help string
---@param labels string as from exposition.labels; no two samples of a metric have the same
---@param value number
function Exposition:add(name, kind, help, labels, value)
  local lines = metric_of(self, name, kind, help).lines
  lines[#lines + 1] = name .. labels .. " " .. number_text(value)
end

-- An upper bound as OpenMetrics writes it, which the text format takes as well: 0.25, 1.0, +Inf.
local function bound_text(bound)
  if bound == math.huge then return "+Inf" end
  local text = number_text(bound)
  return text:find "[.e]" and text or text .. ".0"
end

--- Adds a histogram.
---@param name string
---@param help string
---@param labels string
---@param bounds number[] ascending, without infinity
---@param buckets integer[] observations up to each bound, all smaller ones included
---@param sum number of all observations
---@param count integer of all observations
function Exposition:add_histogram(name, help, labels, bounds, buckets, sum, count)
  local lines = metric_of(self, name, "histogram", help).lines
  for i, bound in ipairs(bounds) do
    lines[#lines + 1] = ("%s_bucket%s %d"):format(name, exposition.with(labels, "le", bound_text(bound)), buckets[i])
  end
  lines[#lines + 1] = ("%s_bucket%s %d"):format(name, exposition.with(labels, "le", "+Inf"), count)
  lines[#lines + 1] = ("%s_sum%s %s"):format(name, labels, number_text(sum))
  lines[#lines + 1] = ("%s_count%s %d"):format(name, labels, count)
end

--- The whole.
---@return string
function Exposition:text()
  local lines = {}
  for _, metric in ipairs(self.metrics) do
    -- OpenMetrics names the family of counters, the text format the samples.
    local name = self.open_metrics and metric.kind == "counter" and metric.name:gsub("_total$", "") or metric.name
    lines[#lines + 1] = ("# HELP %s %s"):format(name, (metric.help:gsub("\\", "\\\\"):gsub("\n", "\\n")))
    lines[#lines + 1] = ("# TYPE %s %s"):format(name, metric.kind)
    table.move(metric.lines, 1, #metric.lines, #lines + 1, lines)
  end
  lines[#lines + 1] = "# EOF\n"
  return table.concat(lines, "\n")
end

return exposition
