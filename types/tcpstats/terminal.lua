---@meta tcpstats.terminal
-- Made by `make docs`; do not edit.

---The terminal: its size and its colors.
---@class tcpstats.terminal
local terminal = {}

---The size of the terminal that standard output goes to.
---@return integer? # its columns, nil when it is no terminal
---@return integer? # its rows
function terminal.size() end

---Makes the terminal give keys one by one and not show them. A script that is reloaded takes it over from its old self.
---@param enter string what is written to it now
---@param leave string what is written when it is put back
---@return tcpstats.RawTerminal? # an object whose restore() puts everything back. So does the end of the process, however it comes but by SIGKILL
---@return string? what # what went wrong
---@return string? code
function terminal.raw(enter, leave) end

---Whether colors are wanted.
---@param choice "always"|"never"|"auto" auto: on a terminal that can, unless NO_COLOR is set (no-color.org)
---@param isatty boolean whether the output is a terminal
---@return boolean
function terminal.colored(choice, isatty) end

---A text in a color, or bold, dim, reverse.
---@param text string
---@param color "bold"|"dim"|"reverse"|"red"|"green"|"yellow"|"blue"|"cyan" its name
---@return string
function terminal.paint(text, color) end

return terminal
