--- Comma-separated values: one line a socket, the names once at the top.
local tcpstats = require "tcpstats"

local of_the_pass = { timestamp_ns = true, hostname = true, schedule_name = true, batch_sequence = true }

local function list_of(text)
  local list = {}
  for name in text:gmatch "[^,%s]+" do list[#list + 1] = name end
  return list
end

-- What is wrong with the first name that is not a column; nil if all are.
local function wrong(names)
  if #names == 0 then return "expected a list as state,local_port or all" end
  for _, name in ipairs(names) do
    local known, what = tcpstats.where(name)
    if not of_the_pass[name] and not (known and known.field == name) then return what or ("'%s' is not a field"):format(name) end
  end
end

-- Has owners looked up where they were asked for, and warns of columns that are always empty.
local function want(ctx, names)
  local fields = {}
  for _, name in ipairs(names) do
    if not of_the_pass[name] then fields[#fields + 1] = name end
  end
  for name, why in pairs(ctx:wants(fields)) do ctx:log("warning", "--fields %s is always empty: %s", name, why) end
end

-- What most people want to see of a connection, after when and where.
local usual = "timestamp_ns,hostname,state,local_addr,local_port,remote_addr,remote_port,pid,command,uid,rtt_us,rttvar_us,snd_cwnd,"
  .. "rexmit_packets,tx_bytes,rx_bytes,delta_tx_bytes,delta_rx_bytes,delta_rexmit_packets,snd_buf_used,rcv_buf_used,accept_queue,"
  .. "accept_backlog,cc_algo,age_ms,connection_age_ms"

return {
  name = "csv",
  help = "comma-separated values (RFC 4180), one line per socket",
  options = {
    fields = {
      type = "string", default = usual,
      help = "columns, separated by commas: fields of a socket and of the pass (timestamp_ns, hostname, schedule_name, batch_sequence); all: all of these",
    },
    header = { type = "boolean", default = true, help = "write the line of names" },
    defuse = { type = "boolean", default = false, help = "put a ' before texts that begin with =, +, - or @, which spreadsheets take for formulas" },
    closed = {
      type = "boolean", default = false,
      help = "after the sockets, also the connections that ended since the last pass: the column close_reason, which --fields names, tells them apart",
    },
  },

  init = function(ctx)
    if ctx.options.fields ~= "all" then
      local fields = list_of(ctx.options.fields)
      local what = wrong(fields)
      if what then return ctx:stop(2, "--fields: " .. what) end
      ctx.state.fields = fields
      if ctx.options.fields ~= usual then want(ctx, fields) end
    end
  end,

  on_batch = function(batch, ctx)
    local options = { format = "csv", fields = ctx.state.fields, header = ctx.options.header, defuse = ctx.options.defuse }
    ctx:emit(batch, options)
    if ctx.options.closed then ctx:emit(batch:closed(), options) end
  end,
}
