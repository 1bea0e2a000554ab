---@meta tcpstats.columns
-- Made by `make docs`; do not edit.

---Columns of sockets for eyes, as `table` and `top` show them.
---@class tcpstats.columns
---@field names string[] The names of all columns.
local columns = {}

---Columns by their names.
---@param list string names with commas between; a field of the schema is a column too
---@return table[]? # the columns; nil when there is no column of such a name
---@return string? # then what is wrong, with the nearest right name
function columns.chosen(list) end

---The fields that columns read.
---@param chosen table[]
---@return string[]
function columns.fields(chosen) end

---The texts of a batch's sockets.
---@param batch tcpstats.Batch the sockets, in the order in which they are shown
---@param chosen table[]
---@param colored boolean whether colors are wanted
---@return table[] # for each column {column=, texts={...}, colors={...}, width=, empty= (no socket has a value)}
function columns.read(batch, chosen, colored) end

---Makes columns fit a line: long addresses and names are cut to a readable width, then the least important columns go, then what can be cut is cut as far as it may, then the last columns go.
---@param cells table[] of columns.read; those that are cut get another width
---@param width? integer of the line; nil: as wide as it gets
---@return table[] # the cells that stay
function columns.fit(cells, width) end

---One line.
---@param cells table[] of columns.fit
---@param row integer the socket's number; 0 for the titles
---@param paint? function a function(text, color) that gives the text in that color
---@return string # the text, without spaces at its end
function columns.line(cells, row, paint) end

return columns
