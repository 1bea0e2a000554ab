--- Numbers, addresses and names for eyes: what table, top, summary, alert and the examples show.
--- Numbers, addresses and names, human-readable.
---@class tcpstats.text
local text = {}

-- A control character, or bytes that are no UTF-8.
local function harmless(s)
  s = s:gsub("[%z\1-\31\127]", "?")
  if utf8.len(s) then return (s:gsub("\194[\128-\159]", "?")) end -- C1 controls
  return (s:gsub("[\128-\255]", "?"))
end

--- Text that is safe to show: a program may call itself anything, also what a terminal takes for a command.
---@param s any is converted with tostring
---@return string text with `?` for every control character and, if it is not UTF-8, for every byte beyond ASCII
function text.clean(s) return harmless(tostring(s)) end

--- The columns that a text takes on a screen, one for each character.
---@param s string
---@return integer
function text.width(s) return utf8.len(s) or #s end

--- The text in exactly that many columns: filled with spaces, or cut and marked with an ellipsis.
---@param s string
---@param columns integer
---@param right? boolean put the spaces in front
---@return string
function text.fit(s, columns, right)
  local width = text.width(s)
  if width > columns then
    if columns < 2 then return s:sub(1, (utf8.offset(s, columns + 1) or #s + 1) - 1) end
    return s:sub(1, (utf8.offset(s, columns) or #s + 1) - 1) .. "…"
  end
  local spaces = (" "):rep(columns - width)
  return right and spaces .. s or s .. spaces
end

local function scaled(n, base, units)
  local sign = n < 0 and "-" or ""
  n = math.abs(n)
  local unit = 1
  -- 999.5 would be shown as 1000
  while unit < #units and n >= base * (unit == 1 and 1 or 0.9995) do
    n, unit = n / base, unit + 1
  end
  if unit == 1 then return ("%s%.0f%s"):format(sign, n, units[1]) end
  return (n < 9.95 and "%s%.1f%s" or "%s%.0f%s"):format(sign, n, units[unit])
end

--- Bytes: 512, 1.5K, 64K, 2.1M (1K is 1024).
---@param n integer
---@return string
function text.bytes(n) return scaled(n, 1024, { "", "K", "M", "G", "T", "P", "E" }) end

--- A number of things: 950, 1.2k, 18M.
---@param n integer
---@return string
function text.count(n) return scaled(n, 1000, { "", "k", "M", "G", "T", "P", "E" }) end

--- A number with its noun: 1 socket, 2 sockets, 2 passes.
---@param n integer
---@param noun string the singular
---@return string
function text.plural(n, noun) return ("%d %s%s"):format(n, noun, n == 1 and "" or noun:find "s$" and "es" or "s") end

--- A number that may have a fraction: 0, 0.25, 3.1, 12, 1.2k.
---@param n integer
---@return string
function text.number(n)
  if n == 0 or math.abs(n) >= 100 then return text.count(n) end
  return (math.abs(n) < 1 and "%.2f" or math.abs(n) < 9.95 and "%.1f" or "%.0f"):format(n)
end

--- Microseconds: 85us, 1.2ms, 340ms, 2.5s, 3m20s.
---@param us number
---@return string
function text.microseconds(us)
  if us < 1000 then return ("%.0fus"):format(us) end
  local ms = us / 1000
  if ms < 9.95 then return ("%.1fms"):format(ms) end
  if ms < 999.5 then return ("%.0fms"):format(ms) end
  return text.milliseconds(ms)
end

--- Milliseconds: 85ms, 2.5s, 45s, 3m20s, 5h12m, 3d4h.
---@param ms number
---@return string
function text.milliseconds(ms)
  if ms < 999.5 then return ("%.0fms"):format(ms) end
  local s = ms / 1000
  if s < 9.95 then return ("%.1fs"):format(s) end
  s = math.floor(s + 0.5)
  if s < 60 then return ("%ds"):format(s) end
  if s < 3600 then return ("%dm%02ds"):format(s // 60, s % 60) end
  if s < 86400 then return ("%dh%02dm"):format(s // 3600, s % 3600 // 60) end
  return ("%dd%02dh"):format(s // 86400, s % 86400 // 3600)
end

--- A share: 0.034 is 3.4%.
---@param ratio number
---@return string
function text.percent(ratio) return (ratio >= 0.0995 and "%.0f%%" or ratio >= 0.00995 and "%.1f%%" or "%.2f%%"):format(100 * ratio) end

local function endpoint(address, port)
  address = address or "*"
  if address == "0.0.0.0" or address == "::" then address = "*" end
  if address:find(":", 1, true) then address = "[" .. address .. "]" end
  return ("%s:%s"):format(address, port or "*")
end

--- A socket's own end: 10.0.0.1:443, [2001:db8::1]:443, *:22.
---@param s tcpstats.Socket anything with local_addr and local_port
---@return string
function text.local_end(s) return endpoint(s.local_addr, s.local_port) end

--- The other end, "*:*" of a listener.
---@param s tcpstats.Socket anything with remote_addr and remote_port
---@return string
function text.remote_end(s) return endpoint(s.remote_addr, s.remote_port) end

--- Who owns a socket: nginx[812], pid 812, or nil when it is not known (--processes).
---@param s tcpstats.Socket anything with pid and command
---@return string?
function text.process(s)
  local pid, command = s.pid, s.command
  if command and pid then return ("%s[%d]"):format(harmless(command), pid) end
  if command then return harmless(command) end
  if pid then return ("pid %d"):format(pid) end
end

--- A moment: 14:03:59, in local time.
---@param ns integer nanoseconds since the epoch
---@return string
function text.clock(ns) return os.date("%H:%M:%S", ns // 1000000000) end

--- A moment with its date, in UTC: 2025-01-31T14:03:59Z.
---@param ns integer nanoseconds since the epoch
---@return string
function text.timestamp(ns) return os.date("!%Y-%m-%dT%H:%M:%SZ", ns // 1000000000) end

return text
