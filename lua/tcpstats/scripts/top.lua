--- A live screen: the sockets that do most, now.
--
-- Keys: / filters as you type (an expression, a filter, or any part of a line), Enter keeps the filter, Esc drops it; the letters of the bottom
-- line choose the sort order, i inverts it; arrows and page keys scroll; space stops and goes on; q or Ctrl-C ends.
local columns = require "tcpstats.columns"
local terminal = require "tcpstats.terminal"
local text = require "tcpstats.text"
local tcpstats = require "tcpstats"

local ENTER = "\27[?1049h\27[?25l\27[2J" -- another screen, without cursor
local LEAVE = "\27[?25h\27[?1049l"

local usual = "state,local,remote,process,tx_rate,rx_rate,retrans_rate,retrans,rtt,cwnd,recvq,sendq"

local sorts = {
  { key = "t", name = "sent", by = "delta_tx_bytes or tx_bytes and -1 / (1 + tx_bytes) or -2" },
  { key = "r", name = "received", by = "delta_rx_bytes or rx_bytes and -1 / (1 + rx_bytes) or -2" },
  { key = "x", name = "retransmits", by = "(delta_rexmit_packets or 0) * 4294967296 + (rexmit_packets or retransmit_packets_total or 0)" },
  { key = "l", name = "latency", by = "rtt_us or -1" },
  { key = "w", name = "window", by = "snd_cwnd or -1" },
  { key = "u", name = "queues", by = "(accept_queue or rcv_buf_used or 0) + (accept_queue == nil and snd_buf_used or 0)" },
  { key = "a", name = "age", by = "age_ms or connection_age_ms or -1" },
}

local NO_TERM = "needs the Lua package lua-term, which is not installed (Debian: lua-term; elsewhere: luarocks install lua-term)"

-- ## The filter

-- What was typed as a predicate or a view's selector; nil matches everything.
local function compile_filter(typed)
  if typed:find "^%s*$" then return nil end
  local filter = tcpstats.filter(typed)
  if filter then return filter, "filter" end
  local expression = tcpstats.where(typed)
  if expression and expression.type == "boolean" and #expression.fields > 0 then return expression, "expression" end
  local part = typed:lower()
  return function(s)
    local line = ("%s %s %s %s"):format(s.state or "", text.local_end(s), text.remote_end(s), text.process(s) or "")
    return line:lower():find(part, 1, true) ~= nil
  end, "text"
end

-- ## Drawing

local function heading(batch)
  local summary = batch.summary or {}
  local parts = { text.clock(batch.metadata.timestamp_ns or 0), text.plural(summary.total_sockets or #batch, "socket") }
  for _, group in ipairs(batch:group_by("state"):top(6)) do parts[#parts + 1] = ("%s %d"):format(group.key, group.count) end
  return table.concat(parts, "  ")
end

local function activity(batch)
  local seconds = batch:seconds()
  if not seconds then return "rates come with the next pass" end
  local all = batch:aggregate { tx = "sum(delta_tx_bytes)", rx = "sum(delta_rx_bytes)", retransmits = "sum(delta_rexmit_packets)" }
  local parts = {}
  if all.tx then parts[#parts + 1] = ("sent %s/s"):format(text.bytes(all.tx / seconds)) end
  if all.rx then parts[#parts + 1] = ("received %s/s"):format(text.bytes(all.rx / seconds)) end
  if all.retransmits then parts[#parts + 1] = ("retransmits %s/s"):format(text.number(all.retransmits / seconds)) end
  parts[#parts + 1] = ("opened %d"):format(#batch:opened())
  parts[#parts + 1] = ("closed %d"):format(#batch:closed())
  return table.concat(parts, "  ")
end

local function bottom(screen, matching)
  if screen.typing then return ("filter: %s_   %d match"):format(text.clean(screen.filter_text), matching) end
  local parts = {}
  if screen.paused then parts[1] = "STOPPED" end
  if screen.filter then parts[#parts + 1] = ("filter (%s): %s, %d match"):format(screen.filter_kind, text.clean(screen.filter_text), matching) end
  parts[#parts + 1] = "q quit"
  parts[#parts + 1] = "/ filter"
  for _, sort in ipairs(sorts) do parts[#parts + 1] = sort == screen.sort and ("[%s %s]"):format(sort.key, sort.name) or sort.key .. " " .. sort.name end
  parts[#parts + 1] = "i invert"
  return table.concat(parts, "  ")
end

-- The lines of the screen, each with how it is painted.
local function lines_of(screen, width, height)
  local batch = screen.batch
  local view = screen.filter and batch:filter(screen.filter) or batch
  local room = math.max(0, height - 4)
  screen.scroll = math.max(0, math.min(screen.scroll, #view - room))
  local by = screen.inverted and ("-(%s)"):format(screen.sort.by) or screen.sort.by
  local seen = view:top(screen.scroll + room, by)
  local cells = columns.fit(columns.measure(seen, screen.columns), width)
  local lines = { { heading(batch), "bright" }, { activity(batch) }, { text.fit(columns.titles(cells), width), "reverse" } }
  for line in columns.lines(seen, cells, screen.scroll + 1, screen.scroll + room, screen.colored):gmatch "(.-)\n" do
    lines[#lines + 1] = { line, painted = true }
  end
  while #lines < height - 1 do lines[#lines + 1] = { "" } end
  lines[height] = { bottom(screen, #view), screen.typing and "bright" or "dim" }
  return lines
end

local function draw(screen)
  if not screen.batch then return end
  local width, height = terminal.size()
  if not width then return end
  local term, out = screen.term, io.stdout
  for row, line in ipairs(lines_of(screen, width, math.max(height, 5))) do
    if row > height then break end
    local content = line.painted and line[1] or text.fit(line[1], width)
    if line[2] and screen.colored then content = screen.term.colors[line[2]](content) end
    term.cursor.jump(out, row, 1)
    out:write(content)
    term.cleareol(out)
  end
  out:flush()
end

-- ## Keys

local function set_filter(screen, typed)
  screen.filter_text = typed
  screen.filter, screen.filter_kind = compile_filter(typed)
  screen.scroll = 0
end

local function without_last(typed) return typed:sub(1, (utf8.offset(typed, -1) or 1) - 1) end

local function type_key(screen, key)
  if key == "\r" or key == "\n" then
    screen.typing = false
  elseif key == "\27" then
    screen.typing = false
    set_filter(screen, "")
  elseif key == "\127" or key == "\b" then
    set_filter(screen, utf8.len(screen.filter_text) and without_last(screen.filter_text) or "")
  elseif key == "\21" then -- Ctrl-U
    set_filter(screen, "")
  elseif #key == 1 and key:byte() >= 32 then
    set_filter(screen, screen.filter_text .. key)
  end
end

local function page()
  local _, height = terminal.size()
  return math.max(1, (height or 24) - 4)
end

local function command_key(screen, key, ctx)
  if key == "q" then ctx:stop(0) end
  if key == "/" then screen.typing = true end
  if key == "\27" then set_filter(screen, "") end
  if key == "i" then screen.inverted = not screen.inverted end
  if key == " " then screen.paused = not screen.paused end
  if key == "\27[A" then screen.scroll = screen.scroll - 1 end
  if key == "\27[B" then screen.scroll = screen.scroll + 1 end
  if key == "\27[5~" then screen.scroll = screen.scroll - page() end
  if key == "\27[6~" then screen.scroll = screen.scroll + page() end
  if key == "\27[H" then screen.scroll = 0 end
  if key == "\27[F" then screen.scroll = math.maxinteger // 2 end
  for _, sort in ipairs(sorts) do
    if key == sort.key then screen.sort, screen.scroll = sort, 0 end
  end
end

-- Keys one by one; arrows and page keys come as several bytes.
local function keys_of(bytes)
  local at = 1
  return function()
    if at > #bytes then return nil end
    local key = bytes:match("^\27%[[%d;]*[%a~]", at) or bytes:match("^\27O%a", at) or bytes:sub(at, at)
    at = at + #key
    return (key:gsub("^\27O", "\27["))
  end
end

local function sort_named(name)
  for _, sort in ipairs(sorts) do
    if sort.name == name then return sort end
  end
end

local sort_names = {}
for i, sort in ipairs(sorts) do sort_names[i] = sort.name end

return {
  name = "top",
  help = "a live screen: what the sockets do now, sorted and filtered as you type",
  options = {
    sort = { type = "string", default = "sent", choices = sort_names, help = "initial sort order" },
    columns = { type = "string", default = usual, help = "columns, as for table" },
    search = { type = "string", default = "", help = "initial filter" },
    color = { type = "string", default = "auto", choices = { "auto", "always", "never" }, help = "when to use colors" },
  },

  init = function(ctx)
    local loaded, term = pcall(require, "term")
    if not loaded then return ctx:stop(1, NO_TERM) end
    local chosen, wrong = columns.chosen(ctx.options.columns)
    if not chosen then return ctx:stop(2, "--columns: " .. wrong) end
    if ctx.options.columns ~= usual then columns.want(ctx, chosen) end
    if terminal.size() and not terminal.is_screen() then
      return ctx:stop(1, ("cannot draw on this terminal (TERM=%s); the script table shows the same, pass after pass"):format(os.getenv "TERM" or ""))
    end
    if not terminal.size() then return ctx:stop(1, "needs a terminal; for files and pipes there are table and csv") end

    local screen = { term = term, columns = chosen, sort = sort_named(ctx.options.sort), scroll = 0, colored = terminal.colored(ctx.options.color, true) }
    set_filter(screen, ctx.options.search)
    local guard, what = terminal.raw(ENTER, LEAVE)
    if not guard then return ctx:stop(1, what) end
    screen.guard = guard
    ctx.state.screen = screen
  end,

  on_batch = function(batch, ctx)
    local screen = ctx.state.screen
    if screen.paused then return end
    screen.batch = batch
    draw(screen)
  end,

  on_input = function(bytes, ctx)
    local screen = ctx.state.screen
    if bytes == "" then ctx:stop(0) end
    for key in keys_of(bytes) do
      if screen.typing then type_key(screen, key) else command_key(screen, key, ctx) end
    end
    draw(screen)
  end,

  on_resize = function(ctx)
    ctx.state.screen.term.clear(io.stdout)
    draw(ctx.state.screen)
  end,

  save = function(ctx)
    local screen = ctx.state.screen
    return { filter = screen.filter_text, sort = screen.sort.name, inverted = screen.inverted }
  end,
  restore = function(saved, ctx)
    local screen = ctx.state.screen
    screen.sort, screen.inverted = sort_named(saved.sort) or screen.sort, saved.inverted
    set_filter(screen, saved.filter)
  end,

  stop = function(ctx)
    if ctx.state.screen then ctx.state.screen.guard:restore() end
  end,
}
