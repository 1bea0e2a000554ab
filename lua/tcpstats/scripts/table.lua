--- The sockets as a table, human-readable.
local tcpstats = require "tcpstats"
local columns = require "tcpstats.columns"
local terminal = require "tcpstats.terminal"

local usual = "state,local,remote,process,rtt,cwnd,retrans,recvq,sendq,tx,rx,cc"

-- Listeners first, then what lives, then what ends.
local order = { LISTEN = 0, ESTABLISHED = -1, SYN_SENT = -2, SYN_RECEIVED = -2, CLOSE_WAIT = -3, FIN_WAIT_1 = -4, FIN_WAIT_2 = -4, CLOSING = -4, LAST_ACK = -4 }
local function by_state(s) return (order[s.state] or -5) * 65536 - (s.local_port or 0) end

local function in_place() return 0 end -- equal ones keep their order

local AT_ONCE <const> = 1000 -- lines: what was written stays when the script is interrupted

-- What is wrong with a value of --sort; nil if nothing is.
local function wrong_sort(ctx, sort)
  if sort == "state" or sort == "none" then return nil end
  local expression, what = tcpstats.where(sort)
  if not expression then return what end
  if expression.type ~= "integer" and expression.type ~= "number" then return ("'%s' is not a number"):format(sort) end
  for name, why in pairs(ctx:wants(expression.fields)) do ctx:log("warning", "--sort: %s is never known: %s", name, why) end
end

local function sorted(batch, sort, limit)
  if sort == "none" and not limit then return batch end
  return batch:top(limit or #batch, sort == "state" and by_state or sort == "none" and in_place or sort)
end

return {
  name = "table",
  help = "the sockets as a human-readable table",
  options = {
    columns = { type = "string", help = "columns, separated by commas: " .. table.concat(columns.names, ", ") .. ", and every field" },
    sort = {
      type = "string", default = "state",
      help = "state, none (as the kernel lists them), or a number to sort by, largest first: rtt_us, rate(tx_bytes); --sort=-rtt_us: smallest first",
    },
    limit = { type = "integer", min = 0, help = "show at most this many sockets" },
    width = { type = "integer", min = 20, help = "width of a line, in columns (the terminal's)" },
    color = { type = "string", default = "auto", choices = { "auto", "always", "never" }, help = "when to use colors" },
    header = { type = "boolean", default = true, help = "print the line of titles" },
  },

  init = function(ctx)
    local chosen, what = columns.chosen(ctx.options.columns or usual)
    if not chosen then return ctx:stop(2, "--columns: " .. what) end
    ctx.state.columns = chosen
    if ctx.options.columns then columns.want(ctx, chosen) end
    what = wrong_sort(ctx, ctx.options.sort)
    if what then return ctx:stop(2, "--sort: " .. what) end
  end,

  on_batch = function(batch, ctx)
    local isatty = ctx:isatty()
    local colored = terminal.colored(ctx.options.color, isatty)
    local shown = sorted(batch, ctx.options.sort, ctx.options.limit)

    local cells = {}
    for _, cell in ipairs(columns.measure(shown, ctx.state.columns)) do
      if ctx.options.columns or not cell.empty or #shown == 0 then cells[#cells + 1] = cell end
    end
    cells = columns.fit(cells, ctx.options.width or isatty and terminal.size() or nil)

    if ctx.state.again then ctx:emit "\n" end -- an empty line between passes
    ctx.state.again = true
    if ctx.options.header then ctx:emit((colored and terminal.paint(columns.titles(cells), "bold") or columns.titles(cells)) .. "\n") end
    for from = 1, #shown, AT_ONCE do ctx:emit(columns.lines(shown, cells, from, from + AT_ONCE - 1, colored)) end
  end,
}
