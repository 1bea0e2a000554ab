local host = require "spec.support.host"
local run = require("spec.support.ctx").run
local sockets = require "spec.support.sockets"
local support = require "spec.support"
local tcpstats = require "tcpstats"

local SCRIPT <const> = "tcpstats.scripts.prometheus"

-- Expositions as lists of {NAME{LABELS} = value}. What they are in the eyes of others, the last block judges of all of them at once.
local seen = { text = {}, openmetrics = {} }

local function parse(text, format)
  local list = {}
  for exposition in text:gmatch "(.-# EOF\n)" do
    local samples = {}
    for line in exposition:gmatch "[^\n]+" do
      local series, value = line:match "^([%a_:][^ ]*%b{}) (%S+)$"
      if not series then series, value = line:match "^([%a_:][%w_:]*) (%S+)$" end
      if line:sub(1, 1) ~= "#" then
        assert.is_not_nil(tonumber(value), line)
        assert.is_nil(samples[series], "twice: " .. series)
        samples[series] = tonumber(value)
      end
    end
    list[#list + 1] = samples
    table.insert(seen[format or "text"], exposition)
  end
  assert.equal("# EOF\n", text:sub(-6))
  return list
end

local function connection(n, fields)
  local socket = { state = 5, local_addr = "\10\0\0\1", remote_addr = "\10\0\0\2", local_port = 1000 + n, remote_port = 443, socket_id = n }
  for key, value in pairs(fields or {}) do socket[key] = value end
  return socket
end

local function listener(port) return { state = 2, local_addr = "\0\0\0\0", local_port = port, accept_queue = 1, accept_backlog = 128 } end

-- Batches of one tracker, a second apart.
local function passes(...)
  local tracker, batches = tcpstats.tracker(), {}
  for i, list in ipairs { ... } do batches[i] = tracker:update(sockets.batch(list), { monotonic_ns = i * 1000000000 }) end
  return batches
end

local function expositions(batches, options) return parse(run(SCRIPT, batches, options).text, options and options.openmetrics and "openmetrics") end

describe("prometheus", function()
  it("counts by state; states without sockets are 0", function()
    local batch = sockets.batch { connection(1, { rtt_us = 100, snd_buf_used = 5 }), connection(2, { rtt_us = 300, snd_buf_used = 6 }), listener(80) }
    local samples = expositions({ batch })[1]
    assert.equal(2, samples['tcpstats_sockets{state="ESTABLISHED"}'])
    assert.equal(1, samples['tcpstats_sockets{state="LISTEN"}'])
    assert.equal(0, samples['tcpstats_sockets{state="CLOSE_WAIT"}'])
    assert.equal(11, samples.tcpstats_send_queue_bytes)
    assert.equal(1, samples.tcpstats_accept_queue)
    assert.equal(0, samples.tcpstats_receive_queue_bytes)
  end)

  it("writes OpenMetrics, which its parser takes", function()
    local text = run(SCRIPT, passes({ connection(1, { command = 'a"b\\c\nd' }) }, { connection(1), connection(2) }), { openmetrics = true, labels = "command" }).text
    assert.equal(2, #parse(text, "openmetrics"))
    assert.truthy(text:find("# TYPE tcpstats_sent_bytes counter\ntcpstats_sent_bytes_total", 1, true))
    assert.truthy(text:find([[{command="a\"b\\c\nd",state="ESTABLISHED"} 1]], 1, true))
  end)

  it("ends each exposition, and repeats nothing within one", function()
    local list = expositions(passes({ connection(1) }, { connection(1) }, { connection(1) }))
    assert.equal(3, #list)
    for _, samples in ipairs(list) do assert.equal(1, samples['tcpstats_sockets{state="ESTABLISHED"}']) end
  end)

  it("has its counters from the first pass on, as 0", function()
    local source = assert(tcpstats.open("linux:spec/fixtures/linux/kernel-6.18.bin"))
    local batch = assert(source:pass {})
    source:close()
    local samples = expositions({ batch })[1]
    for _, name in ipairs { "sent_bytes", "received_segments", "retransmitted_bytes", "system_listen_overflows", "system_memory_pressure_seconds" } do
      assert.equal(0, samples["tcpstats_" .. name .. "_total"], name)
    end
    assert.is_nil(samples.tcpstats_system_rcv_ooo_bytes_total) -- which Linux lacks
    assert.equal(0, samples.tcpstats_rtt_seconds_count)
  end)

  it("drops a counter of the system that the kernel turns out to lack", function()
    local source = assert(tcpstats.open("linux:spec/fixtures/linux/kernel-6.18.bin"))
    local batch = assert(source:pass {})
    source:close()
    local list = expositions { batch, batch }
    assert.equal(0, list[1].tcpstats_system_listen_overflows_total)
    assert.is_nil(list[2].tcpstats_system_listen_overflows_total)
  end)

  it("counts since the start, never backwards, what opened in between included", function()
    local totals = {}
    for i, samples in ipairs(expositions(passes(
      { connection(1, { tx_bytes = 100 }) },
      { connection(1, { tx_bytes = 150 }), connection(2, { tx_bytes = 1000 }) },
      { connection(2, { tx_bytes = 1001 }) },
      {}))) do
      totals[i] = samples.tcpstats_sent_bytes_total
    end
    assert.same({ 0, 1050, 1051, 1051 }, totals)
  end)

  it("does not mix the hosts of a stream", function()
    local HOSTNAME <const> = 2
    local function of(name, ...) return sockets.batch({ ... }, { [HOSTNAME] = name }) end
    local ctx = run(SCRIPT, { of("a", connection(1)), of("b", connection(1), connection(2)), of("a", connection(1)), of("b") })
    local list = parse(ctx.text)
    assert.equal(2, #list)
    for _, samples in ipairs(list) do assert.equal(1, samples['tcpstats_sockets{state="ESTABLISHED"}']) end
    assert.same({ "warning: the passes of b are left out: metrics are those of a" }, ctx.logged)
  end)

  it("has a histogram of the round trip times of connections that received something", function()
    local function at(n, rtt_us, rx_packets) return connection(n, { rtt_us = rtt_us, rx_packets = rx_packets }) end
    local list = expositions(passes({ at(1, 300, 5), at(2, 300, 5) }, { at(1, 300, 6), at(2, 300, 5) }, { at(1, 20000, 7), at(2, 2000000, 6), at(3, 1000, 1) }))
    assert.same({ 0, 1, 4 }, { list[1].tcpstats_rtt_seconds_count, list[2].tcpstats_rtt_seconds_count, list[3].tcpstats_rtt_seconds_count })
    local function bucket(samples, le) return samples[('tcpstats_rtt_seconds_bucket{le="%s"}'):format(le)] end
    assert.same({ 0, 1, 1, 1 }, { bucket(list[2], "0.00025"), bucket(list[2], "0.0005"), bucket(list[2], "1.0"), bucket(list[2], "+Inf") })
    assert.same({ 1, 2, 2, 3, 3, 4 }, { bucket(list[3], "0.0005"), bucket(list[3], "0.001"), bucket(list[3], "0.01"), bucket(list[3], "0.025"), bucket(list[3], "1.0"),
      bucket(list[3], "+Inf") })
    assert.near(0.0003 + 0.02 + 2 + 0.001, list[3].tcpstats_rtt_seconds_sum, 1e-9)
    for i = 2, 3 do -- cumulative: nothing falls
      for series, value in pairs(list[i - 1]) do
        if series:find "rtt_seconds" then assert.is_true(list[i][series] >= value, series) end
      end
    end
  end)
end)

describe("the labels of prometheus", function()
  it("are escaped; what is beyond the limit is counted together", function()
    local list = {}
    for i = 1, 20 do list[i] = connection(i, { command = ("p%d"):format(i), rtt_us = i, snd_buf_used = 1 }) end
    list[21] = connection(21, { command = 'a"b\\c\nd' })
    list[22] = connection(22, { command = 'a"b\\c\nd' })
    list[23] = connection(23)
    local samples = expositions({ sockets.batch(list) }, { labels = "command", series = 3 })[1]
    assert.equal(2, samples['tcpstats_sockets{command="a\\"b\\\\c\\nd",state="ESTABLISHED"}'])
    local all, series = 0, 0
    for name, value in pairs(samples) do
      if name:find "^tcpstats_sockets{" then all, series = all + value, series + 1 end
    end
    assert.equal(23, all)
    assert.equal(4, series)
    assert.is_truthy(samples['tcpstats_sockets{command="other",state="ESTABLISHED"}'])
    assert.is_truthy(samples['tcpstats_send_queue_bytes{command="other"}'])
  end)

  it("keep their series, which fall to 0", function()
    local one = connection(1, { command = "a", snd_buf_used = 7 })
    local waiting = connection(1, { command = "a", state = 6, snd_buf_used = 7 })
    local list = expositions({ sockets.batch { one }, sockets.batch { waiting }, sockets.batch {}, sockets.batch {} }, { labels = "command" })
    local function of(state) return ('tcpstats_sockets{command="a",state="%s"}'):format(state) end
    assert.same({ 1, 0, 0, 0 }, { list[1][of "ESTABLISHED"], list[2][of "ESTABLISHED"], list[3][of "ESTABLISHED"], list[4][of "ESTABLISHED"] })
    assert.same({ 1, 0, 0 }, { list[2][of "CLOSE_WAIT"], list[3][of "CLOSE_WAIT"], list[4][of "CLOSE_WAIT"] })
    assert.equal(0, list[4]['tcpstats_send_queue_bytes{command="a"}'])
  end)

  it("give their place back when it is needed and their sockets are gone", function()
    local a, b = connection(1, { command = "a" }), connection(2, { command = "b" })
    local function pass(...) return sockets.batch { ... } end
    local list = expositions({ pass(a), pass(a, b), pass(b), pass(b), pass(b, connection(3, { command = "b" })) }, { labels = "command", series = 1 })
    local function of(i, command) return list[i][('tcpstats_sockets{command="%s",state="ESTABLISHED"}'):format(command)] end
    assert.same({ 1, 1 }, { of(2, "a"), of(2, "other") })
    assert.same({ 0, 1 }, { of(3, "a"), of(3, "other") }) -- it may come back
    assert.is_nil(of(5, "a"))
    assert.same({ 2, 0 }, { of(5, "b"), of(5, "other") })
    assert.equal(0, list[5]['tcpstats_sent_bytes_total{command="b"}'])
  end)

  it("do not go to ports that the system chose", function()
    local batch = sockets.batch {
      listener(443), listener(50000),
      connection(1, { local_port = 443, remote_port = 40001 }), connection(2, { local_port = 443, remote_port = 9999 }),
      connection(3, { local_port = 50000, remote_port = 40002 }),
      connection(4, { local_port = 40003, remote_port = 5432 }), connection(5, { local_port = 40004, remote_port = 5432 }),
      connection(6, { local_port = 8080, remote_port = 40005 }), -- of a listener that is gone
    }
    local samples = expositions({ batch }, { labels = "local_port,remote_port" })[1]
    local found = {}
    for series, value in pairs(samples) do
      local own, peer, state = series:match '^tcpstats_sockets{local_port="(%w+)",?r?e?m?o?t?e?_?p?o?r?t?=?"?(%w*)"?,state="(%w+)"}$'
      if own and value > 0 then found[#found + 1] = ("%s %s %s %d"):format(own, peer, state, value) end
    end
    table.sort(found)
    assert.same({ "443  LISTEN 1", "443 ephemeral ESTABLISHED 2", "50000  LISTEN 1", "50000 ephemeral ESTABLISHED 1", "8080 ephemeral ESTABLISHED 1",
      "ephemeral 5432 ESTABLISHED 2" }, found)
  end)

  it("are for networks, and for what is absent", function()
    local batch = sockets.batch { connection(1), listener(5) }
    local samples = expositions({ batch }, { labels = "remote_addr/8,local_port" })[1]
    assert.equal(1, samples['tcpstats_sockets{remote_addr_network="10.0.0.0/8",local_port="1001",state="ESTABLISHED"}'])
    assert.equal(1, samples['tcpstats_sockets{local_port="5",state="LISTEN"}'])
  end)

  it("may be constant", function()
    local source = assert(tcpstats.open("linux:spec/fixtures/linux/kernel-6.18.bin"))
    local batch = assert(source:pass {})
    source:close()
    local samples = expositions({ batch }, { labels = "local_port", label = { "host=a", 'site=b="c' } })[1]
    for series in pairs(samples) do assert.truthy(series:find('{host="a",site="b=\\"c"', 1, true), series) end
    assert.equal(0, samples['tcpstats_system_listen_overflows_total{host="a",site="b=\\"c"}'])
  end)

  it("are refused where they make no sense", function()
    local function said(options)
      local ctx = run(SCRIPT, {}, options)
      assert.equal(2, ctx.stopped)
      return ctx.message
    end
    assert.matches("did you mean command%?", said { labels = "comand" })
    assert.matches("state is a label already", said { labels = "state" })
    assert.matches("pid is a label already", said { labels = "pid,pid" })
    assert.matches("^%-%-labels: ", said { labels = "pid/x" })
    assert.matches("^%-%-label: 'a': expected NAME=VALUE", said { label = { "a" } })
    assert.matches("^%-%-label: le is a label of histograms", said { label = { "le=1" } })
    assert.matches("^%-%-label: pid is a label already", said { labels = "pid", label = { "pid=1" } })
    assert.matches("textfile%-remove takes a %-%-textfile", said { textfile_remove = true })
  end)

  it("that this system never has are reported", function()
    local ctx = run(SCRIPT, {}, { labels = "fib" }, { fib = "linux sockets never have it" })
    assert.same({ "warning: --labels fib is always empty: linux sockets never have it" }, ctx.logged)
  end)
end)

describe("the textfile of prometheus", function()
  local folder

  before_each(function() folder = host.folder() end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function mode(path) return support.run("ls -ld " .. path):sub(1, 10) end

  it("is replaced as a whole", function()
    local path = folder .. "/x.prom"
    local ctx = run(SCRIPT, { sockets.batch { connection(1) }, sockets.batch { connection(1), connection(2) } }, { textfile = path })
    assert.equal("", ctx.text)
    assert.equal(2, parse(support.read(path))[1]['tcpstats_sockets{state="ESTABLISHED"}'])
    assert.equal("x.prom\n", support.run("ls " .. folder))
    assert.error_matches(function() run(SCRIPT, { sockets.batch {} }, { textfile = "/nowhere/x.prom" }) end, "cannot write /nowhere/x.prom: No such file")
  end)

  local program = "-s linux:spec/fixtures/linux/kernel-6.18.bin prometheus --textfile "

  it("has mode 0644 whatever the umask, and keeps what it was given", function()
    local path = folder .. "/x.prom"
    assert(os.execute(("umask 077; %s %s%s"):format(support.bin, program, path)))
    assert.equal("-rw-r--r--", mode(path))
    assert(os.execute("chmod 640 " .. path))
    assert(os.execute(("umask 077; %s %s%s"):format(support.bin, program, path)))
    assert.equal("-rw-r-----", mode(path))
  end)

  it("is written through symbolic links, which stay", function()
    assert(os.execute(("mkdir %s/real %s/other && ln -s ../other/link %s/real/x.prom && ln -s %s/real/x.prom %s/x.prom && ln -s y.prom %s/other/link")
      :format(folder, folder, folder, folder, folder, folder)))
    host.run(program .. folder .. "/x.prom") -- the last link points to nothing yet
    host.run(program .. folder .. "/x.prom")
    for _, link in ipairs { "/x.prom", "/real/x.prom", "/other/link" } do assert.equal("l", mode(folder .. link):sub(1, 1)) end
    assert.equal("-rw-r--r--", mode(folder .. "/other/y.prom"))
    assert.equal(1, #parse(support.read(folder .. "/other/y.prom")))
  end)

  it("goes with the run if that is asked for", function()
    local path = folder .. "/x.prom"
    host.run(program .. path)
    assert.is_not_nil(support.read(path))
    host.run(program .. path .. " --textfile-remove")
    assert.equal("", support.run("ls " .. folder))
  end)

  it("replaces nothing but files", function()
    local path = folder .. "/dir"
    assert(os.execute("mkdir " .. path))
    assert.error_matches(function() run(SCRIPT, { sockets.batch {} }, { textfile = path }) end, "it is not a file")
    assert(os.execute(("ln -s loop %s/loop"):format(folder)))
    assert.error_matches(function() run(SCRIPT, { sockets.batch {} }, { textfile = folder .. "/loop" }) end, "loop: Too many levels of symbolic links")
  end)
end)

describe("prometheus on this machine", function()
  it("is right, with every counter of the system", function()
    local out, err, code = host.run "-c 2 -i 0.05 prometheus --labels local_port,remote_port"
    assert.equal(0, code, err)
    local list = parse(out)
    assert.equal(2, #list)
    for _, samples in ipairs(list) do
      assert.is_not_nil(samples.tcpstats_system_conn_attempts_total)
      assert.is_not_nil(samples.tcpstats_system_retransmit_failures_total or samples.tcpstats_system_snd_bytes_total)
    end
    out = host.run "-c 2 -i 0.05 prometheus --openmetrics --labels remote_addr/24"
    assert.equal(2, #parse(out, "openmetrics"))
  end)
end)

describe("every exposition above", function()
  local function check(command, text)
    local path = support.temporary(text)
    local out, _, code = support.run(("%s 2>&1 <%s"):format(command, path))
    os.remove(path)
    return out, code
  end

  it("is taken by promtool", function()
    if not os.execute "command -v promtool >/dev/null" then return pending "promtool" end
    assert.is_true(#seen.text > 20)
    table.sort(seen.text, function(a, b) return #a > #b end) -- it reads one at a time: the longest ones
    for i = 1, 8 do
      local out, code = check("promtool check metrics", seen.text[i])
      assert.same({ "", 0 }, { out, code })
    end
  end)

  it("is taken by python3-prometheus-client", function()
    local python = "python3"
    if not os.execute "python3 -c 'import prometheus_client' 2>/dev/null" then python = "/usr/bin/python3" end
    for format, list in pairs(seen) do
      assert.is_true(#list > 3)
      local out, code = check(("%s spec/support/prometheus.py %s"):format(python, format), table.concat(list))
      if code == 77 then return pending "python3-prometheus-client" end
      assert.equal(0, code, out:sub(-1000))
      assert.equal(tostring(#list), out:match "(%d+) [^\n]+\n$")
    end
  end)
end)

describe("a connection that opens and ends between two passes", function()
  if not (pcall(support.read, "/proc/net/netlink")) then return it("is in prometheus' totals", function() pending "a kernel that tells how connections end" end) end

  it("is in prometheus' totals", function()
    local server = assert(require("socket").bind("127.0.0.1", 0))
    local port, folder = select(2, server:getsockname()), host.folder()
    server:close()
    local script = host.write(folder .. "/c.lua", ([[
      local socket = require "socket"
      return { on_batch = function(_, ctx)
        if ctx.state.done then return end
        ctx.state.done = true
        local server = assert(socket.bind("127.0.0.1", %d))
        local client = assert(socket.connect("127.0.0.1", %d))
        local accepted = assert(server:accept())
        assert(client:send(("x"):rep(12345)))
        assert(accepted:receive(12345))
        client:close()
        accepted:close()
        server:close()
      end }]]):format(port, port))
    local out, err, code = host.run(("-c 3 -i 0.1 -f remote_port=%d prometheus -x %s"):format(port, script))
    os.execute("rm -r " .. folder)
    assert.equal(0, code, err)
    assert.equal("12345", out:match ".*\ntcpstats_sent_bytes_total (%d+)", err)
  end)
end)
