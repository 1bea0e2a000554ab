local tcpstats = require "tcpstats"
local where = require "tcpstats.where"
local sockets = require "spec.support.sockets"
local support = require "spec.support"

-- Whether the expression is true of a socket with these fields: by the batch, by the socket, and by both alike.
local function holds(expression, fields)
  local batch = sockets.batch { fields }
  local compiled = assert(where.compile(expression))
  local by_batch = #batch:filter(compiled) == 1
  for s in batch:each() do assert.equal(by_batch, compiled(s) and true or false, expression) end
  return by_batch
end

local function wrong(expression)
  local compiled, what, code = where.compile(expression)
  assert.is_nil(compiled, expression)
  assert.equal("EUSAGE", code)
  return what
end

local full = {
  state = 5, rtt_us = 60000, remote_port = 443, local_port = 50000, remote_addr = "\10\1\2\3", command = "nginx: worker", in_loss_recovery = 1, pid = 7,
  tx_bytes = 100, ip_version = 1, cc_algo = "bbr", negotiated_options = 5, delta_tx_bytes = -1,
}

describe("an expression", function()
  it("is Lua's own", function()
    for _, expression in ipairs {
      "rtt_us > 50000 and remote_port == 443", "rtt_us>50000 and(remote_port==443)", "not (rtt_us < 50000)", "rtt_us / 1000 == 60", "rtt_us // 1000 == 60",
      "rtt_us % 7 == 60000 % 7", "-rtt_us < 0", "2 ^ 3 ^ 2 == 512.0 and pid == 7", "pid + 1 * 2 == 9", "(pid + 1) * 2 == 16", "negotiated_options & 4 ~= 0",
      "negotiated_options | 2 == 7", "1 << 2 == 4 and pid == 7", "~pid == -8", "pid ~ 1 == 6", "#command == 13", "command .. pid == 'nginx: worker7'",
      "command:find('nginx')", "command:find('^ng.nx')", "command:find('.', 1, true) == nil", "command:sub(1, 5) == 'nginx'", "command:upper() == 'NGINX: WORKER'",
      "string.len(command) == 13", "command:match('(%a+)$') == 'worker'", "math.max(pid, 8, 3) == 8", "math.floor(rtt_us / 7) == 8571", "rtt_us < math.huge",
      "tostring(pid) == '7'", "tonumber('7') == pid", "state == 'ESTABLISHED'", "state ~= 'LISTEN'", "state == \"ESTABLISHED\"", "ip_version == 4",
      "in_loss_recovery", "in_loss_recovery == true", "rtt_us", "0xea60 == rtt_us", "6e4 == rtt_us", "true", "pid == 7 or rtt_us > 5",
      "pid == 8 or pid == 7 and rtt_us == 60000", "delta_tx_bytes < 0", "one_of(state, 'LISTEN', 'ESTABLISHED')", "one_of(pid, 1, 7)",
      "cidr(remote_addr, '10.0.0.0/8')", "cidr(remote_addr, '10.1.2.3')", "remote_addr == '10.1.2.3'", "((pid)) == (7)", "command >= 'n'",
    } do
      assert.is_true(holds(expression, full), expression)
    end
    for _, expression in ipairs {
      "rtt_us > 60000", "false", "rtt_us > 50000 and remote_port == 80", "cidr(remote_addr, '11.0.0.0/8')", "cidr(remote_addr, '::/0')", "not in_loss_recovery",
      "one_of(state, 'LISTEN')", "command:find('apache')", "pid == 7 and not (pid == 7)", "tx_bytes < 0",
    } do
      assert.is_false(holds(expression, full), expression)
    end
  end)

  it("compares what is absent as false, not of it as true", function()
    for _, expression in ipairs {
      "rtt_us > 1", "rtt_us <= 1", "rtt_us == 1", "rtt_us ~= 1", "rtt_us == rttvar_us", "rtt_us ~= rttvar_us", "state == 'LISTEN'", "state ~= 'LISTEN'", "command:find('x')",
      "rtt_us + 1 > 0", "0 < -rtt_us", "rtt_us / tx_bytes >= 0", "command .. 'x' ~= 'y'", "#command >= 0", "cidr(remote_addr, '0.0.0.0/0')", "one_of(pid, 0, 1)",
      "math.max(pid, 1) >= 1", "pid", "in_loss_recovery", "in_loss_recovery == false", "rate(tx_bytes) >= 0", "tostring(pid) ~= 'x'", "command:upper() ~= 'X'",
    } do
      assert.is_false(holds(expression, {}), expression)
      assert.is_true(holds("not (" .. expression .. ")", {}), expression)
    end
    assert.is_true(holds("rtt_us == nil", {}))
    assert.is_false(holds("rtt_us ~= nil", {}))
    assert.is_true(holds("nil ~= rtt_us", full))
    assert.is_true(holds("rtt_us + 1 == nil", {}))
    assert.is_true(holds("(rtt_us or 0) == 0", {}))
    assert.is_true(holds("(rtt_us or 5) * 2 > 9 and (command or 'none') == 'none'", {}))
    assert.is_true(holds("rtt_us > 5 or pid == nil", {}))
    assert.is_true(holds("(command:match('x(y)') or 'z') == 'z'", { command = "abc" }))
    assert.is_true(holds("not pid", {}))
  end)

  it("has no number for an integer division by zero", function()
    assert.is_false(holds("tx_bytes // rx_bytes >= 0", { tx_bytes = 1, rx_bytes = 0 }))
    assert.is_false(holds("tx_bytes % rx_bytes >= 0", { tx_bytes = 1, rx_bytes = 0 }))
    assert.is_true(holds("tx_bytes // rx_bytes == nil", { tx_bytes = 1, rx_bytes = 0 }))
    assert.is_true(holds("tx_bytes / rx_bytes == math.huge", { tx_bytes = 1, rx_bytes = 0 }))
  end)

  it("takes 64-bit numbers as they stand in JSON", function()
    assert.is_true(holds("socket_id == 18446744071562067968", { socket_id = -2147483648 }))
    assert.is_true(holds("socket_id == 0xffffffff80000000", { socket_id = -2147483648 }))
    assert.is_false(holds("tx_bytes > 18446744073709551615", { tx_bytes = 5 }))
    assert.is_false(holds("tx_bytes == 18446744073709551616", { tx_bytes = 0 }))
  end)

  it("names mistakes, with the column and the nearest right word", function()
    for expression, what in pairs {
      ["rtt > 5"] = "column 1 of 'rtt > 5': no field 'rtt', did you mean rtt_us?",
      ["pid == 7 and rtt_uss > 5"] = "column 14 of 'pid == 7 and rtt_uss > 5': no field 'rtt_uss', did you mean rtt_us?",
      ["state == 'LISTENING'"] = "column 10 of 'state == 'LISTENING'': state is never \"LISTENING\", did you mean \"LISTEN\"?",
      ["state == 'listen'"] = "column 10 of 'state == 'listen'': state is never \"listen\", did you mean \"LISTEN\"?",
      ["one_of(state, 'LISTEM')"] = "column 15 of 'one_of(state, 'LISTEM')': state is never \"LISTEM\", did you mean \"LISTEN\"?",
      ["rtt_us != 5"] = "column 8 of 'rtt_us != 5': '!=' is '~=' in Lua",
      ["rtt_us = 5"] = "column 8 of 'rtt_us = 5': '=' is '==' in Lua",
      ["pid && uid"] = "column 5 of 'pid && uid': '&&' is 'and' in Lua",
      ["!pid"] = "column 1 of '!pid': '!' is 'not' in Lua",
      ["state > 5"] = "column 1 of 'state > 5': state has no order: compare it with == or ~=",
      ["1 < pid < 5"] = "column 1 of '1 < pid < 5': this is true or false, which has no order",
      ["pid > 'a'"] = "column 1 of 'pid > 'a'': a number is compared with text",
      ["pid == 'a'"] = "column 1 of 'pid == 'a'': pid is a number and this is text: they are never equal",
      ["command + 1 > 0"] = "column 1 of 'command + 1 > 0': command is text, a number is needed",
      ["pid / 2 & 1 == 0"] = "column 1 of 'pid / 2 & 1 == 0': & is for integers",
      ["rate(rtt_us) > 1"] = "column 6 of 'rate(rtt_us) > 1': rtt_us is not a counter whose changes are known; those are ",
      ["cidr(remote_addr, '10.0.0.1/8')"] = "did you mean 10.0.0.0/8?",
      ["cidr(remote_addr, pid)"] = "the network stands in quotes",
      ["command:fnd('x')"] = "no method 'fnd', did you mean find?",
      ["math.maxx(pid, 1) > 1"] = "no function 'math.maxx', did you mean math.max?",
      ["command:find('[a')"] = "malformed pattern",
      ["command:find('%')"] = "malformed pattern",
      ["pid >"] = "column 6 of 'pid >': a field, a number or a text is expected, not the end",
      ["(pid == 1"] = "')' is missing for the '(' in column 1",
      ["pid == 1)"] = "an operator or the end is expected, not )",
      ["command == 'x"] = "the text that begins here has no end",
      ["pid == 1x"] = "'1x' is not a number",
      ["pid == nil == nil"] = "",
      ["nil == nil"] = "nil is compared with nil",
      ["pid % 0 == 1"] = "division by zero",
      ["count"] = "no field 'count'",
      ["ip_version == '4'"] = "column 15 of 'ip_version == '4'': ip_version is a number: write 4 without quotes",
      ["pid == '7'"] = "pid is a number: write 7 without quotes",
      ["tx_bytes > '7'"] = "tx_bytes is a number: write 7 without quotes",
      ["state == 'established'"] = 'state is never "established", did you mean "ESTABLISHED"?',
      ["state == 'ESTAB'"] = 'did you mean "ESTABLISHED"?',
      ["state == 'syn-recv'"] = 'did you mean "SYN_RECEIVED"?',
      ["state == 'fin-wait-1'"] = 'did you mean "FIN_WAIT_1"?',
      ["state == LISTEN"] = "column 10 of 'state == LISTEN': state is text: write \"LISTEN\", with quotes",
      ["estab == state"] = 'state is text: write "ESTABLISHED", with quotes',
      ["command == nginx"] = 'command is text: write "nginx", with quotes',
      ["command == comand"] = "no field 'comand', did you mean command?",
      ["sport == 443"] = "no field 'sport', did you mean local_port?",
      ["dport == 443"] = "no field 'dport', did you mean remote_port?",
      ["dst == '10.0.0.1'"] = "no field 'dst', did you mean remote_addr?",
      ["cwnd > 5"] = "no field 'cwnd', did you mean snd_cwnd?",
      ["include_state=established"] = "'=' is '==' in Lua; this is a filter: give it to --filter, tcpstats.filter or batch:filter",
      ["remote_port=443 rtt_us>5"] = "this is a filter",
      ["math.abs(pid, 1) > 1"] = "math.abs takes 1 argument",
      ["math.max(pid) > 1"] = "math.max takes 2 arguments",
      ["command:find() == 1"] = "find takes 2 arguments",
      [""] = "a field, a number or a text is expected",
      ["  "] = "a field, a number or a text is expected",
    } do
      if what == "" then assert(where.compile(expression)) else assert.is_truthy(wrong(expression):find(what, 1, true), wrong(expression)) end
    end
  end)

  it("reaches nothing but fields and pure functions", function()
    for _, expression in ipairs {
      "os.exit()", "io.open('/etc/passwd')", "require('os')", "load('x')", "print(1)", "_G", "_ENV", "getmetatable('')", "string.rep('x', 1e9)", "('x'):rep(1e9)",
      "string.dump(pid)", "string.format('%d', pid)", "function() end", "{}", "pid; os.exit()", "pid = 1", "x.y.z", "command.len", "socket", "seconds", "self",
      "...", "goto x", "::x::", "function_1(pid)", "debug.traceback()", "pid]", "setmetatable(pid, pid)", "rawget(pid, 1)", "coroutine.yield()",
    } do
      wrong(expression)
    end
  end)

  it("survives any text", function()
    local words = { "rtt_us", "state", "command", "'x'", "5", "(", ")", "and", "or", "not", "==", "<", "+", "..", "//", "#", "-", "nil", "true", ":", "find", ",",
      "cidr", "one_of", "rate", "math.max", "%", "~", "&", "^", "]]", "\\", '"', "\0", "\n", "--" }
    local seed = 42
    local function random(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed // 65536 % n + 1
    end
    local batch = sockets.batch { full, {} }
    for _ = 1, 5000 do
      local parts = {}
      for i = 1, random(9) do parts[i] = words[random(#words)] end
      local text = table.concat(parts, " ")
      local expression, what = where.compile(text)
      assert.is_true(expression ~= nil or type(what) == "string", text)
      if expression then batch:filter(expression) end
    end
    wrong(("("):rep(1000) .. "pid" .. (")"):rep(1000))
    wrong(("not "):rep(1000) .. "pid")
    wrong(("-"):rep(100000) .. "pid")
  end)

  it("is refused rather than miscompiled when it is too long for Lua", function()
    local parts = {}
    for i = 1, 5000 do parts[i] = "pid == " .. i end
    local expression, what = where.compile(table.concat(parts, " or "))
    assert.is_true(expression ~= nil or what:find "too complicated" ~= nil or what:find "nested" ~= nil)
  end)

  it("gives what the filter language gives, on a capture", function()
    local batch = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n500_plain.bin", { release = 15 }))
    for filter, expression in pairs {
      ["rtt_us>50000"] = "rtt_us > 50000",
      ["rtt_us!=50000"] = "rtt_us ~= 50000",
      ["include_state=listen,time_wait"] = "one_of(state, 'LISTEN', 'TIME_WAIT')",
      ["remote_addr=192.168.0.0/16"] = "cidr(remote_addr, '192.168.0.0/16')",
      ["remote_port=1-20000 snd_cwnd>=1000000"] = "remote_port >= 1 and remote_port <= 20000 and snd_cwnd >= 1000000",
      ["ipv6_only"] = "ip_version == 6",
    } do
      local a, b = batch:filter(assert(tcpstats.filter(filter))), batch:filter(assert(where.compile(expression)))
      assert.is_true(#a > 0, filter)
      assert.equal(a:flat(), b:flat(), filter)
    end
  end)
end)

describe("what a condition measures", function()
  it("is the number of its first comparison", function()
    for expression, measure in pairs {
      ["rtt_us > 5"] = { "rtt_us", 1 }, ["state == 'LISTEN' and rtt_us < 5"] = { "rtt_us", -1 }, ["5 > rtt_us + 1"] = { "rtt_us + 1", -1 },
      ["(tx_bytes / rx_bytes) >= 2 or pid > 1"] = { "(tx_bytes / rx_bytes)", 1 }, ["pid == 1"] = {},
    } do
      assert.same(measure, { where.measure(assert(where.compile(expression))) })
    end
  end)
end)

describe("an expression over a batch", function()
  it("has aggregates and the summary's fields", function()
    local batch = sockets.batch { full, { state = 6 }, { state = 6 } }
    local function value(text) return batch:evaluate(assert(where.compile_aggregate(text, "batch"))) end
    assert.equal(2, value "count(state == 'CLOSE_WAIT')")
    assert.is_true(value "count(state == 'CLOSE_WAIT') >= 2 and max(rtt_us) > 100")
    assert.equal(3, value "count()")
    assert.is_nil(value "orphans")
    assert.is_false(value "orphans > 5")
    assert.is_nil(value "sum(rx_bytes)")
    assert.is_true(value "sum(rx_bytes) == nil")
    assert.error_matches(function() assert(where.compile_aggregate("delta_listen_overflow > 0", "batch")) end, "did you mean delta_listen_overflows%?")
    assert.error_matches(function() assert(where.compile_aggregate("count(stat == 1)", "batch")) end, "did you mean state%?")
  end)
end)
