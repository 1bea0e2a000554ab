--- The end of a file that is appended to. A full disk, a kill or a power cut leaves a part of a row there; the next row must not be glued to it.
local runtime = require "tcpstats.runtime"

local tail = {}

local PIECE <const> = 64 << 10
local MOST_READS <const> = 1 << 15 -- of 64 KB each, 2 GB where every message is small: one or two seconds

-- How many bytes of a file are whole lines; nil when a line of more than MOST_READS pieces ends it.
local function whole_lines(file, size, line_end)
  local at, rest = size, ""
  for _ = 1, MOST_READS do
    local from = math.max(0, at - PIECE)
    file:seek("set", from)
    local bytes = (file:read(at - from) or "") .. rest
    local _, last = bytes:find("^.*" .. line_end)
    if last then return from + last end
    if from == 0 then return 0 end
    at, rest = from, bytes:sub(1, #line_end - 1) -- which may begin in the piece before
  end
end

local function mend_lines(path, fd, size, form)
  local file <close> = io.open(path, "rb")
  if not file then return true end
  file:seek("set", size - 1)
  if file:read(1) == "\n" then return true end
  file:seek("set", 0)
  local ours = form == "csv" or form == "lines" and file:read(1) == "{"
  local whole = ours and whole_lines(file, size, form == "csv" and "\r\n" or "\n")
  if not whole then return true, nil, "\n" end
  local ok, what, code = runtime.truncate(fd, whole)
  if not ok then return nil, what, code end
  return true, size - whole
end

local function mend_messages(path, fd, size)
  local whole, all, code = runtime.whole_messages(path, MOST_READS)
  if not whole then
    if code == "EFORMAT" then return nil, all, code end
    return true -- it may be written and not read
  end
  if not all then return nil, "it has too many messages to find out whether the last one is whole", "EFBIG" end
  if whole == size then return true end
  local ok, what
  ok, what, code = runtime.truncate(fd, whole)
  if not ok then return nil, what, code end
  return true, size - whole
end

--- Cuts off the part of a row that ends a file.
---@param path string its name, to read it
---@param fd integer a descriptor that writes to it
---@param form "lines"|"csv"|"messages"|"text" what will be appended; "text" and what is not ours is never cut, but gets its line end
---@return boolean? ok nil: it is not a file of that form, or cannot be cut; with text and code, "EFBIG" if finding its end would take too long
---@return integer|string|nil cut how many bytes were cut off; nil: none
---@return string? missing what has to be written first
function tail.mend(path, fd, form)
  local size = runtime.file_size(fd) or 0
  if size == 0 then return true end
  if form == "messages" then return mend_messages(path, fd, size) end
  return mend_lines(path, fd, size, form)
end

--- The first line of a file, with its end; nil when there is none.
function tail.first_line(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "L"
end

return tail
