--- The terminal, where there is one: its size, whether colors are wanted.
local runtime = require "tcpstats.runtime"

---@class tcpstats.RawTerminal
---@field restore fun(self: tcpstats.RawTerminal)

--- The terminal: its size and its colors.
---@class tcpstats.terminal
local terminal = {}

--- The size of the terminal that standard output goes to. Of one that does not know it (a serial line), what COLUMNS and LINES say, or 80 and 24.
---@return integer? columns nil if it is not a terminal
---@return integer? rows
function terminal.size()
  local columns, rows = runtime.terminal_size(1)
  if columns or not runtime.isatty(1) then return columns, rows end
  return math.tointeger(tonumber(os.getenv "COLUMNS")) or 80, math.tointeger(tonumber(os.getenv "LINES")) or 24
end

--- Whether the terminal has a cursor that can be moved. TERM says so.
---@return boolean
function terminal.is_screen()
  local name = os.getenv "TERM" or ""
  return name ~= "" and name ~= "dumb"
end

local current, users = nil, 0

local Guard = {}
Guard.__index = Guard

--- Puts the terminal back, when nobody else uses it.
function Guard:restore()
  if self.done then return end
  self.done, users = true, users - 1
  if users > 0 then return end
  current:restore()
  current = nil
end

--- Makes the terminal give keys one by one and not show them. A script that is reloaded takes it over from its old self.
---@param enter string written to it now
---@param leave string written when it is restored
---@return tcpstats.RawTerminal? raw restore() restores everything; so does the end of the process, except by SIGKILL
---@return string? what went wrong
---@return string? code
function terminal.raw(enter, leave)
  if not current then
    local raw, what, code = runtime.terminal_raw(0, 1, enter, leave)
    if not raw then return nil, what, code end
    current = raw
  end
  users = users + 1
  return setmetatable({}, Guard)
end

--- Whether colors are wanted.
---@param choice "always"|"never"|"auto" auto: on a terminal that has them, unless NO_COLOR is set (no-color.org)
---@param isatty boolean whether the output is a terminal
---@return boolean
function terminal.colored(choice, isatty)
  if choice ~= "auto" then return choice == "always" end
  return isatty and (os.getenv "NO_COLOR" or "") == "" and terminal.is_screen()
end

local codes = { bold = "1", dim = "2", reverse = "7", red = "31", green = "32", yellow = "33", blue = "34", cyan = "36" }

--- A text in a color, or bold, dim, reverse.
---@param text string
---@param color "bold"|"dim"|"reverse"|"red"|"green"|"yellow"|"blue"|"cyan"
---@return string
function terminal.paint(text, color) return ("\27[%sm%s\27[0m"):format(codes[color], text) end

return terminal
