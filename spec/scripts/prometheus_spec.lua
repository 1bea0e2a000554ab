local run = require("spec.support.ctx").run
local sockets = require "spec.support.sockets"
local support = require "spec.support"
local tcpstats = require "tcpstats"

-- Reads an exposition and checks it: every sample below the HELP and TYPE of its metric, no series twice, names, labels and values as they have to be.
local function parse(text)
  local samples, types, current = {}, {}, nil
  assert.equal("\n", text:sub(-1))
  for line in text:gmatch "([^\n]*)\n" do
    local help = line:match "^# HELP ([%a_:][%w_:]*) .+$"
    local name, kind = line:match "^# TYPE ([%a_:][%w_:]*) (%a+)$"
    if help then
      assert.is_nil(types[help], help)
      current = help
    elseif name then
      assert.equal(current, name)
      types[name] = kind
      assert.is_true(kind == "gauge" or kind == "counter")
      assert.equal(kind == "counter", name:find "_total$" ~= nil, name)
    else
      local metric, labels, value = line:match "^([%a_:][%w_:]*)(%b{}) (%S+)$"
      if not metric then metric, value = line:match "^([%a_:][%w_:]*) (%S+)$" end
      assert.equal(current, metric, line)
      assert.is_not_nil(tonumber(value), line)
      labels = labels or ""
      local rest = labels:sub(2, -2):gsub('([%a_][%w_]*)="([^"\\\n]*)"', function(label)
        assert.is_nil(labels:match("[{,]" .. label .. '=".*,' .. label .. "="), line)
        return ""
      end):gsub('\\[\\"n]', ""):gsub('[%a_][%w_]*="[^"]*"', "")
      assert.is_truthy(rest:find "^,*$", line)
      local series = metric .. labels
      assert.is_nil(samples[series], series)
      samples[series] = tonumber(value)
    end
  end
  return samples, types
end

local function connection(n, fields)
  local socket = { state = 5, local_addr = "\10\0\0\1", remote_addr = "\10\0\0\2", local_port = 1000 + n, remote_port = 443, socket_id = n }
  for key, value in pairs(fields or {}) do socket[key] = value end
  return socket
end

describe("prometheus", function()
  it("counts by state and is right as an exposition", function()
    local batch = sockets.batch { connection(1, { rtt_us = 100, snd_buf_used = 5 }), connection(2, { rtt_us = 300, snd_buf_used = 6 }), { state = 2, accept_queue = 1 } }
    local samples = parse(run("tcpstats.scripts.prometheus", { batch }).text)
    assert.equal(2, samples['tcpstats_sockets{state="ESTABLISHED"}'])
    assert.equal(1, samples['tcpstats_sockets{state="LISTEN"}'])
    assert.equal(11, samples.tcpstats_send_queue_bytes)
    assert.equal(1, samples.tcpstats_accept_queue)
    assert.equal(0.0003, samples['tcpstats_rtt_seconds{quantile="1"}'])
    assert.is_nil(samples.tcpstats_receive_queue_bytes)
  end)

  it("escapes labels and joins what is beyond the limit", function()
    local list = {}
    for i = 1, 20 do list[i] = connection(i, { command = ("p%d"):format(i), rtt_us = i, snd_buf_used = 1 }) end
    list[21] = connection(21, { command = 'a"b\\c\nd' })
    list[22] = connection(22, { command = 'a"b\\c\nd' })
    list[23] = connection(23)
    local samples = parse(run("tcpstats.scripts.prometheus", { sockets.batch(list) }, { labels = "command", series = 3 }).text)
    assert.equal(2, samples['tcpstats_sockets{state="ESTABLISHED",command="a\\"b\\\\c\\nd"}'])
    local all, series = 0, 0
    for name, value in pairs(samples) do
      if name:find "^tcpstats_sockets{" then all, series = all + value, series + 1 end
    end
    assert.equal(23, all)
    assert.equal(4, series)
    assert.is_truthy(samples['tcpstats_sockets{state="ESTABLISHED",command="other"}'])
    assert.is_nil(samples['tcpstats_rtt_seconds{command="other",quantile="0.5"}'])
  end)

  it("counts since the start, never backwards, what opened in between included", function()
    local tracker = tcpstats.tracker()
    local function pass(second, list) return tracker:update(sockets.batch(list), { monotonic_ns = second * 1000000000 }) end
    local batches = {
      pass(1, { connection(1, { tx_bytes = 100 }) }),
      pass(2, { connection(1, { tx_bytes = 150 }), connection(2, { tx_bytes = 1000 }) }),
      pass(3, { connection(2, { tx_bytes = 1001 }) }),
      pass(4, {}),
    }
    local totals = {}
    for exposition in run("tcpstats.scripts.prometheus", batches).text:gmatch "tcpstats_sent_bytes_total (%d+)" do totals[#totals + 1] = math.tointeger(exposition) end
    assert.same({ 1050, 1051, 1051 }, totals)
  end)

  it("keeps series of their own once they have one", function()
    local one, two = connection(1, { command = "a" }), connection(2, { command = "b" })
    local three = connection(3, { command = "b" })
    local text = run("tcpstats.scripts.prometheus", { sockets.batch { one }, sockets.batch { one, two, three } }, { labels = "command", series = 1 }).text
    assert.is_truthy(text:find('tcpstats_sockets{state="ESTABLISHED",command="other"} 2', 1, true))
    assert.equal(2, select(2, text:gsub('command="a"', "")))
  end)

  it("has labels for networks and for what is absent", function()
    local batch = sockets.batch { connection(1), { state = 2, local_port = 5 } }
    local samples = parse(run("tcpstats.scripts.prometheus", { batch }, { labels = "remote_addr/8,local_port" }).text)
    assert.equal(1, samples['tcpstats_sockets{state="ESTABLISHED",remote_addr_network="10.0.0.0/8",local_port="1001"}'])
    assert.equal(1, samples['tcpstats_sockets{state="LISTEN",local_port="5"}'])
  end)

  it("refuses labels that make no sense", function()
    local function said(labels)
      local ctx = run("tcpstats.scripts.prometheus", {}, { labels = labels })
      assert.equal(2, ctx.stopped)
      return ctx.message
    end
    assert.matches("did you mean command%?", said "comand")
    assert.matches("state is a label already", said "state")
    assert.matches("pid is a label already", said "pid,pid")
    assert.matches("^%-%-labels: ", said "pid/x")
  end)

  it("replaces a file as a whole", function()
    local path = os.tmpname()
    local ctx = run("tcpstats.scripts.prometheus", { sockets.batch { connection(1) }, sockets.batch { connection(1), connection(2) } }, { textfile = path })
    assert.equal("", ctx.text)
    assert.equal(2, parse(support.read(path))['tcpstats_sockets{state="ESTABLISHED"}'])
    assert.is_nil(io.open(path .. ".tmp"))
    os.remove(path)
    assert.error_matches(function() run("tcpstats.scripts.prometheus", { sockets.batch {} }, { textfile = "/nowhere/x.prom" }) end, "/nowhere/x.prom")
  end)

  it("is right on this machine, with every counter of the system", function()
    local source, tracker = assert(tcpstats.open "auto"), tcpstats.tracker()
    local first, second = assert(source:pass { tracker = tracker }), assert(source:pass { tracker = tracker })
    source:close()
    local samples = parse(run("tcpstats.scripts.prometheus", { second }, { labels = "local_port" }).text)
    assert.is_not_nil(samples.tcpstats_system_conn_attempts_total)
    assert.is_not_nil(samples.tcpstats_system_memory_pressure_seconds_total)
    assert.is_not_nil(samples.tcpstats_system_orphans)
    assert.is_not_nil(first)
  end)
end)
