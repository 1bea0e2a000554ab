--- Numbers, addresses and names, human-readable: what table, top, summary, alert and the examples show.
local core = require "tcpstats.core"

--- Numbers, addresses and names, human-readable.
---@class tcpstats.text
local text = {}

local function is_utf8(locale) return locale:upper():find "UTF%-?8" ~= nil end

-- The locale of texts, as POSIX finds it (XBD 8.2).
local function locale()
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = os.getenv(name)
    if value and value ~= "" then return value end
  end
  return "C"
end

--- Whether texts are shown in ASCII only, because the locale has nothing else.
---@type boolean
text.ascii = not is_utf8(locale())

local function harmless(s) return core.clean(s, text.ascii) end

--- Text that is safe to show: a program may call itself anything, also what a terminal takes for a command.
---@param s any is converted with tostring
---@return string text with `?` for every control character, every character that changes the direction of text, every byte that is not UTF-8, and
---   where the locale is not UTF-8 for every character beyond ASCII
function text.clean(s) return harmless(tostring(s)) end

--- The columns that a text takes on a screen: none for a combining character, two for a wide one.
---@param s string
---@return integer
function text.width(s) return core.width(s) end

--- The text in exactly that many columns: filled with spaces, or cut and marked with an ellipsis.
---@param s string
---@param columns integer
---@param right? boolean put the spaces in front
---@return string
function text.fit(s, columns, right)
  if core.width(s) > columns then s = core.cut(s, columns, text.ascii) end
  local spaces = (" "):rep(columns - core.width(s))
  return right and spaces .. s or s .. spaces
end

--- Bytes: 512, 1.5K, 64K, 2.1M (1K is 1024).
---@param n integer
---@return string
function text.bytes(n) return core.human(n, "bytes") end

--- A number of things: 950, 1.2k, 18M.
---@param n integer
---@return string
function text.count(n) return core.human(n, "count") end

--- A number with its noun: 1 socket, 2 sockets, 2 passes.
---@param n integer
---@param noun string the singular
---@return string
function text.plural(n, noun) return ("%d %s%s"):format(n, noun, n == 1 and "" or noun:find "s$" and "es" or "s") end

--- A number that may have a fraction: 0, 0.25, 3.1, 12, 1.2k.
---@param n integer
---@return string
function text.number(n) return core.human(n, "number") end

--- Microseconds: 85us, 1.2ms, 340ms, 2.5s, 3m20s.
---@param us number
---@return string
function text.microseconds(us) return core.human(us, "microseconds") end

--- Milliseconds: 85ms, 2.5s, 45s, 3m20s, 5h12m, 3d4h.
---@param ms number
---@return string
function text.milliseconds(ms) return core.human(ms, "milliseconds") end

--- A share: 0.034 is 3.4%.
---@param ratio number
---@return string
function text.percent(ratio) return (ratio >= 0.0995 and "%.0f%%" or ratio >= 0.00995 and "%.1f%%" or "%.2f%%"):format(100 * ratio) end

local function is_link_local(address) return address and address:find "^fe[89ab]" ~= nil end

--- A socket's own end, as ss shows it: 10.0.0.1:443, [2001:db8::1]:443, [fe80::1%eth0]:22, 0.0.0.0%vrf-blue:22. The wildcard says what it takes:
--- 0.0.0.0 IPv4, [::] IPv6, * both.
---@param s tcpstats.Socket anything with local_addr, local_port, scope_id, interface, interface_index, v6only and dual_stack, as far as they are known
---@return string
function text.local_end(s)
  local zone = is_link_local(s.local_addr) and s.scope_id or s.interface_index
  local both = not s.v6only and s.dual_stack ~= false
  return core.endpoint(s.local_addr, s.local_port, zone and (s.interface or zone), both)
end

--- The other end, "*:*" if there is none.
---@param s tcpstats.Socket anything with remote_addr, remote_port, scope_id, interface and interface_index, as far as they are known
---@return string
function text.remote_end(s)
  local zone = is_link_local(s.remote_addr) and (s.scope_id or s.interface_index) or nil
  return core.endpoint(s.remote_addr, s.remote_port, zone and (s.interface or zone), true)
end

--- Who owns a socket: nginx[812], pid 812, or nil if that is not known (--processes).
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
