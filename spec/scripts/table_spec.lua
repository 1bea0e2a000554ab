local new, run = require("spec.support.ctx").new, require("spec.support.ctx").run
local sockets = require "spec.support.sockets"
local text = require "tcpstats.text"

local function batch()
  return sockets.batch {
    { state = 5, local_addr = "\10\0\0\1", local_port = 443, remote_addr = "\10\1\2\3", remote_port = 50000, rtt_us = 1234, snd_cwnd = 14600, command = "ngi\27nx",
      pid = 7, rexmit_packets = 3, snd_buf_used = 0, tx_bytes = 2048 },
    { state = 2, local_addr = "\0\0\0\0", local_port = 443, accept_queue = 2, accept_backlog = 128, command = "nginx", pid = 7 },
    { state = 11, local_addr = ("\32\1"):rep(8), local_port = 80, remote_addr = ("\32\1\13\184"):rep(4), remote_port = 1 },
  }
end

local function shown(options) return run("tcpstats.scripts.table", { batch() }, options).text end

describe("table", function()
  local ascii = text.ascii
  setup(function() text.ascii = false end)
  teardown(function() text.ascii = ascii end)

  it("shows what is known, aligned, listeners first, and no column that nobody fills", function()
    assert.equal([[
STATE        LOCAL                                         REMOTE                                   PROCESS      RTT  CWND  RETR  RECV-Q  SEND-Q  SENT
LISTEN       0.0.0.0:443                                                                            nginx[7]                           2    /128
ESTABLISHED  10.0.0.1:443                                  10.1.2.3:50000                           ngi?nx[7]  1.2ms   14K     3               -  2.0K
TIME_WAIT    [2001:2001:2001:2001:2001:2001:2001:2001]:80  [2001:db8:2001:db8:2001:db8:2001:db8]:1
]], shown {})
  end)

  it("fits any width: long addresses are cut in the middle, what matters least goes", function()
    for width = 20, 160 do
      for line in shown({ width = width }):gmatch "[^\n]+" do assert.is_true(text.width(line) <= width, line) end
    end
    local narrow = shown { width = 80 }
    assert.is_truthy(narrow:find("[200…01:2001:2001]:80 ", 1, true), narrow)
    assert.is_truthy(narrow:find("RTT", 1, true))
    assert.is_nil(narrow:find("SENT", 1, true))
  end)

  it("shows chosen columns, fields too, in the chosen order", function()
    assert.equal("  RTT  STATE        SND_CWND\n       LISTEN\n1.2ms  ESTABLISHED     14600\n       TIME_WAIT\n", shown { columns = "rtt,state,snd_cwnd" })
    local ctx = run("tcpstats.scripts.table", {}, { columns = "remot" })
    assert.same({ 2, "--columns: no column 'remot', did you mean remote?" }, { ctx.stopped, ctx.message })
  end)

  it("has owners looked up for columns that were chosen, and says which are always empty", function()
    assert.same({}, run("tcpstats.scripts.table", { batch() }, {}).wanted)
    local ctx = run("tcpstats.scripts.table", { batch() }, { columns = "state,process", sort = "uid" })
    assert.same({ state = true, command = true, pid = true, uid = true }, ctx.wanted)
    assert.same({}, ctx.logged)
    ctx = run("tcpstats.scripts.table", { batch() }, { columns = "age,retrans", sort = "age_ms" },
      { age_ms = "never", connection_age_ms = "never", rexmit_packets = "never" })
    assert.same({ "warning: --columns age is always empty: never", "warning: --sort: age_ms is never known: never" }, ctx.logged)
  end)

  it("sorts and limits", function()
    assert.equal("STATE\nESTABLISHED\n", shown { columns = "state", sort = "rtt_us" })
    assert.equal("ESTABLISHED\nLISTEN\nTIME_WAIT\n", shown { columns = "state", sort = "none", header = false })
    assert.equal("STATE\nLISTEN\n", shown { columns = "state", limit = 1 })
    assert.equal("STATE\n", shown { columns = "state", limit = 0 })
  end)

  it("writes what it has as it goes, so that an interrupted one has not shown nothing", function()
    local list = {}
    for i = 1, 2500 do list[i] = { state = 5, local_port = i } end
    local script = dofile(assert(package.searchpath("tcpstats.scripts.table", package.path)))
    local ctx, pieces = new(script, {}), {}
    function ctx.emit(_, piece)
      if #pieces == 3 then error "interrupted" end
      pieces[#pieces + 1] = piece
    end
    script.init(ctx)
    assert.error_matches(function() script.on_batch(sockets.batch(list), ctx) end, "interrupted")
    assert.equal(2001, select(2, table.concat(pieces):gsub("\n", "")))
  end)

  it("has colors only where they are wanted", function()
    assert.is_nil(shown({}):find "\27")
    assert.is_truthy(shown({ color = "always" }):find "\27%[32mESTABLISHED\27%[0m")
    assert.is_nil(shown({ color = "never" }):find "\27")
  end)

  it("parts passes by an empty line, and shows none of nothing", function()
    assert.equal("STATE\nLISTEN\n\nSTATE\nLISTEN\n", run("tcpstats.scripts.table", { batch(), batch() }, { columns = "state", limit = 1 }).text)
    assert.equal("STATE  LOCAL  REMOTE", run("tcpstats.scripts.table", { sockets.batch {} }, {}).text:match "^STATE  LOCAL  REMOTE")
  end)

  it("refuses to sort by what is not a number", function()
    for sort, message in pairs {
      nope = "--sort: column 1 of 'nope': no field 'nope', did you mean inode?", local_addr = "--sort: 'local_addr' is not a number",
    } do
      local ctx = run("tcpstats.scripts.table", {}, { sort = sort })
      assert.equal(2, ctx.stopped)
      assert.equal(message, ctx.message)
    end
  end)
end)
