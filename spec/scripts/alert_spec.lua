local run = require("spec.support.ctx").run
local sockets = require "spec.support.sockets"
local cjson = require "cjson"

local function connection(n, fields)
  local socket = { state = 5, local_addr = "\10\0\0\1", remote_addr = "\10\0\0\2", local_port = 443, remote_port = 1000 + n, socket_id = n }
  for key, value in pairs(fields or {}) do socket[key] = value end
  return socket
end

-- A batch of one connection for each round trip time.
local function rtts(...)
  local list = {}
  for i, rtt in ipairs { ... } do list[i] = connection(i, { rtt_us = rtt, command = "prog", pid = 10 + i }) end
  return sockets.batch(list)
end

local function lines(batches, options)
  local list = {}
  for line in run("tcpstats.scripts.alert", batches, options).text:gmatch "[^\n]+" do list[#list + 1] = line:gsub("^%S+ ", "") end
  return list
end

describe("alert", function()
  it("names the worst with process and peer, and says when it is over", function()
    assert.same({
      "CRITICAL rtt_us > 200: 2 sockets; prog[12] 10.0.0.1:443 > 10.0.0.2:1002 rtt_us=900",
      "OK rtt_us > 200: over after 2.0s",
    }, lines({ rtts(100, 100), rtts(300, 900), rtts(300, 100), rtts(100) }, { when = { "rtt_us > 200" }, top = 1 }))
  end)

  it("knows names, warnings and reminders", function()
    assert.same({
      "WARNING slow: 1 socket with rtt_us > 200 and remote_port > 0; prog[11] 10.0.0.1:443 > 10.0.0.2:1001 rtt_us=300",
      "WARNING slow: 1 socket with rtt_us > 200 and remote_port > 0; prog[11] 10.0.0.1:443 > 10.0.0.2:1001 rtt_us=301",
    }, lines({ rtts(300), rtts(300), rtts(301) }, { warn = { "slow: rtt_us > 200 and remote_port > 0" }, every = 2 }))
    assert.equal(1, #lines({ rtts(300) }, { when = { "command:find('prog') and rtt_us > 1" } })) -- no rule's name
  end)

  it("holds down for each connection, not for all together", function()
    local options = { when = { "rtt_us > 200 for 2" } }
    assert.equal(0, #lines({ rtts(300, 1), rtts(1, 300), rtts(300, 1), rtts(1, 300) }, options))
    assert.equal(1, #lines({ rtts(300), rtts(300), rtts(300) }, options))
  end)

  it("has hysteresis for each connection", function()
    local options = { when = { "rtt_us > 200 until rtt_us < 100" } }
    assert.same({ "CRITICAL", "OK" }, { lines({ rtts(300, 150), rtts(150, 150), rtts(150, 150), rtts(99, 150) }, options)[1]:match "%u+",
      lines({ rtts(300, 150), rtts(150, 150), rtts(150, 150), rtts(99, 150) }, options)[2]:match "^%u+" })
    assert.equal(1, #lines({ rtts(300), rtts(150), rtts(150) }, options))
    assert.equal(0, #lines({ rtts(150), rtts(150) }, options))
    assert.equal(1, #lines({ rtts(300), rtts(150), rtts(150) }, { when = { "rtt_us > 200 until rtt_us < 100 for 2" } }))
  end)

  it("judges all connections together", function()
    assert.same({ "CRITICAL many: count(rtt_us > 200)=2 (count(rtt_us > 200) > 1)", "OK many: over after 1.0s" },
      lines({ rtts(300), rtts(300, 300), rtts(1) }, { when = { "many: count(rtt_us > 200) > 1" } }))
    assert.equal(1, #lines({ rtts(300), rtts(150), rtts(300) }, { when = { "max(rtt_us) > 200 until max(rtt_us) < 100" } }))
    assert.equal(0, #lines({ rtts(300) }, { when = { "orphans > 0", "rate(tx_bytes) > 1" } }))
  end)

  it("is quiet when there is too much to say, and tells how much", function()
    local batches = {}
    for i = 1, 62 do batches[i] = rtts(i % 2 == 1 and 300 or 1) end
    local told = lines(batches, { when = { "rtt_us > 200" }, limit = 1 })
    assert.equal(2, #told)
    assert.is_truthy(told[2]:find "alerts were not reported")
  end)

  it("speaks JSON", function()
    local alert = cjson.decode(run("tcpstats.scripts.alert", { rtts(300) }, { when = { "slow: rtt_us > 200" }, json = true }).text)
    assert.same({ event = "raised", severity = "critical", rule = "slow", condition = "rtt_us > 200", sockets = 1, seconds = 0, suppressed = 0, time = alert.time,
      offenders = { { process = "prog", pid = 11, ["local"] = "10.0.0.1:443", remote = "10.0.0.2:1001", state = "ESTABLISHED", value = 300 } } }, alert)
  end)

  it("is a check with the exit codes of monitoring plugins", function()
    local function check(rules, batches)
      rules.check = #batches
      local ctx = run("tcpstats.scripts.alert", batches, rules)
      return ctx.stopped, ctx.text
    end
    local code, text = check({ when = { "rtt_us > 200" } }, { rtts(100) })
    assert.same({ 0, "TCP OK: no rule holds | 'rtt_us > 200'=0\n" }, { code, text })
    code, text = check({ when = { "a: rtt_us > 200" }, warn = { "b: rtt_us > 50" } }, { rtts(100) })
    assert.same({ 1, "TCP WARNING: 1 socket with rtt_us > 50; prog[11] 10.0.0.1:443 > 10.0.0.2:1001 rtt_us=100 | 'a'=0 'b'=1\n" }, { code, text })
    assert.equal(2, (check({ when = { "rtt_us > 200" }, warn = { "rtt_us > 50" } }, { rtts(300) })))
    assert.equal(3, (check({ when = { "rate(tx_bytes) > 200" } }, { rtts(300) })))
    assert.equal(3, (check({ warn = { "orphans > 200" } }, { rtts(300) })))
    assert.equal(2, (check({ when = { "rtt_us > 200 for 1" } }, { rtts(300), rtts(300) })))
    assert.equal(3, (check({ when = { "count(delta_tx_bytes > 5) > 0" } }, { rtts(300) })))
    code, text = check({ when = { "delta_tx_bytes > 200" } }, { rtts(300) })
    assert.same({ 3, "TCP UNKNOWN: delta_tx_bytes > 200: it takes two passes to know: --check 2 | 'delta_tx_bytes > 200'=0\n" }, { code, text })
    local recorded = sockets.batch { connection(1, { delta_tx_bytes = 100 }) }
    assert.equal(0, (check({ when = { "delta_tx_bytes > 200" } }, { recorded })))
  end)

  it("has no number in its performance data where there is none", function()
    local ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "max(rtt_us) / 0 > 1" }, check = 1 })
    assert.same({ 2, "TCP CRITICAL: max(rtt_us) / 0=inf (max(rtt_us) / 0 > 1) | 'max(rtt_us) / 0 > 1'=U\n" }, { ctx.stopped, ctx.text })
  end)

  it("does not say that all is well where owners are hidden and a rule is about them", function()
    local hidden = "linux: the owners of 2 sockets are not known: we may not look at every process"
    local batch = rtts(300)
    local warned = setmetatable({ warnings = { { what = hidden } } }, { __index = function(_, name) return function(_, ...) return batch[name](batch, ...) end end })
    local function check(rule)
      local ctx = run("tcpstats.scripts.alert", { warned }, { when = { rule }, check = 1 })
      return { ctx.stopped, ctx.text }
    end
    assert.same({ 3, ("TCP UNKNOWN: command == \"x\": %s | 'command  \"x\"'=0\n"):format(hidden) }, check 'command == "x"')
    assert.same({ 3, ("TCP UNKNOWN: n: %s | 'n'=0\n"):format(hidden) }, check 'n: count(pid == 1) > 0')
    assert.equal(2, check('command == "prog"')[1])
    assert.equal(0, check("rtt_us > 300")[1])
  end)

  it("that comes to no verdict does not say that all is well", function()
    local ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "rtt_us > 1" }, check = 2 })
    assert.same({ 3, "TCP UNKNOWN: 1 of 2 passes were read\n" }, { ctx.stopped, ctx.text })
    local script = require "tcpstats.scripts.alert"
    assert.same({ 3, "TCP UNKNOWN: no kernel" }, { script.on_failure("no kernel", { check = 1 }) })
    assert.is_nil(script.on_failure("no kernel", { check = 0 }))
  end)

  it("refuses a rule over what can never be known, and as a check says so", function()
    local missing = { age_ms = "linux sockets never have it" }
    local ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "age_ms > 1" } }, missing)
    assert.same({ 2, "rule 'age_ms > 1': age_ms: linux sockets never have it" }, { ctx.stopped, ctx.message })
    ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "old: age_ms > 1" }, warn = { "rtt_us > 900" }, check = 1 }, missing)
    assert.same({ 3, "TCP UNKNOWN: old: age_ms: linux sockets never have it | 'rtt_us > 900'=0\n" }, { ctx.stopped, ctx.text })
    ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "age_ms > 1" }, warn = { "rtt_us > 100" }, check = 1, top = 0 }, missing)
    assert.equal(1, ctx.stopped)
    ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "max(age_ms) > 1" } }, missing)
    assert.equal(2, ctx.stopped)
    ctx = run("tcpstats.scripts.alert", { rtts(300) }, { when = { "(age_ms or connection_age_ms) > 1" }, check = 1 }, missing)
    assert.same({ 0, "warning: rule '(age_ms or connection_age_ms) > 1': age_ms: linux sockets never have it" }, { ctx.stopped, ctx.logged[1] })
  end)

  it("says what is wrong with a rule", function()
    local function said(rule)
      local ctx = run("tcpstats.scripts.alert", {}, { when = { rule } })
      assert.equal(2, ctx.stopped)
      return ctx.message
    end
    assert.matches("rule 'rtt > 5': .*did you mean rtt_us%?", said "rtt > 5")
    assert.matches("expected 'for SECONDS'", said "rtt_us > 5 for ever")
    assert.matches("of another kind", said "rtt_us > 5 until orphans < 3")
    assert.matches("a field, a number or a text is expected", said "rtt_us > 5 until")
    assert.matches("did you mean rtt_us%?", said "p95(rtt) > 5")
    assert.matches("did you mean delta_listen_overflows%?", said "delta_listen_overflow > 5")
    assert.matches("no rule", said(nil))
  end)
end)
