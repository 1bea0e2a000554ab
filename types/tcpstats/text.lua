---@meta tcpstats.text
-- Made by `make docs`; do not edit.

---Numbers, addresses and names for eyes.
---@class tcpstats.text
local text = {}

---Text that is safe to show: a program may call itself anything, also what a terminal takes for a command.
---@param s any text; what is no text becomes it
---@return string # the text with `?` for every control character; of bytes that are no UTF-8, for every byte beyond ASCII
function text.clean(s) end

---The columns that a text takes on a screen, one for each character.
---@param s string
---@return integer
function text.width(s) end

---The text in so many columns: filled with spaces, or cut and marked with an ellipsis.
---@param s string
---@param columns integer how many
---@param right boolean true to put the spaces in front
---@return string
function text.fit(s, columns, right) end

---Bytes: 512, 1.5K, 64K, 2.1M (1K is 1024).
---@param n integer
---@return string
function text.bytes(n) end

---A number of things: 950, 1.2k, 18M.
---@param n integer
---@return string
function text.count(n) end

---A number that may have a fraction: 0, 0.25, 3.1, 12, 1.2k.
---@param n integer
---@return string
function text.number(n) end

---Microseconds: 85us, 1.2ms, 340ms, 2.5s, 3m20s.
---@param us number
---@return string
function text.microseconds(us) end

---Milliseconds: 85ms, 2.5s, 45s, 3m20s, 5h12m, 3d4h.
---@param ms number
---@return string
function text.milliseconds(ms) end

---A share: 0.034 is 3.4%.
---@param ratio number
---@return string
function text.percent(ratio) end

---A socket's own end: 10.0.0.1:443, [2001:db8::1]:443, *:22.
---@param s tcpstats.Socket anything with local_addr and local_port
---@return string
function text.local_end(s) end

---The other end, "*:*" of a listener.
---@param s tcpstats.Socket anything with remote_addr and remote_port
---@return string
function text.remote_end(s) end

---Who owns a socket: nginx[812], pid 812, or nil when it is not known (--processes).
---@param s tcpstats.Socket anything with pid and command
---@return string?
function text.process(s) end

---A moment: 14:03:59, in local time.
---@param ns integer nanoseconds since the epoch
---@return string
function text.clock(ns) end

---A moment with its date, in UTC: 2025-01-31T14:03:59Z.
---@param ns integer nanoseconds since the epoch
---@return string
function text.timestamp(ns) end

return text
