local runtime = require "tcpstats.runtime"
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"
local support = require "spec.support"
local cjson = require "cjson"

-- The records of RFC 4180 text, as lists of values.
local function parse(text)
  local records, at = {}, 1
  while at <= #text do
    local record = {}
    while true do
      local value
      if text:sub(at, at) == '"' then
        local stop = at
        repeat
          stop = assert(text:find('"', stop + 1, true), "a quote has no end")
          local doubled = text:sub(stop + 1, stop + 1) == '"'
          if doubled then stop = stop + 1 end
        until not doubled
        value = text:sub(at + 1, stop - 1):gsub('""', '"')
        at = stop + 1
      else
        value = text:match('^[^,"\r\n]*', at)
        at = at + #value
      end
      record[#record + 1] = value
      local c = text:sub(at, at)
      at = at + 1
      if c ~= "," then
        assert.equal("\r\n", text:sub(at - 1, at))
        at = at + 1
        break
      end
    end
    records[#records + 1] = record
  end
  return records
end

describe("csv", function()
  it("has the names once, then a line a socket, absent values empty", function()
    local batch = sockets.batch { { state = 2, local_addr = "\127\0\0\1", local_port = 22 }, { state = 5, rtt_us = 0, in_loss_recovery = 0, tx_bytes = -1, delta_tx_bytes = -5 } }
    assert.equal("state,local_addr,local_port,rtt_us,in_loss_recovery,tx_bytes,delta_tx_bytes\r\nLISTEN,127.0.0.1,22,,,,\r\nESTABLISHED,,,0,false,18446744073709551615,-5\r\n",
      batch:csv { fields = { "state", "local_addr", "local_port", "rtt_us", "in_loss_recovery", "tx_bytes", "delta_tx_bytes" } })
    assert.equal("LISTEN\r\nESTABLISHED\r\n", batch:csv { fields = { "state" }, header = false })
  end)

  it("quotes what RFC 4180 wants quoted", function()
    local batch = sockets.batch { { command = 'a,"b"\r\nc' }, { command = "plain text" }, { command = "" }, { sources = { 3, 6 } }, { sources = { 7 } } }
    assert.same({ { "command", "sources" }, { 'a,"b"??c', "" }, { "plain text", "" }, { "", "" }, { "", "FREEBSD_PCBLIST,KERN_FILE" }, { "", "LINUX_INET_DIAG" } },
      parse(batch:csv { fields = { "command", "sources" } }))
    assert.equal('"a,""b""??c"\r\n', batch:filter("command ~= nil"):top(1, function(s) return s.command:find "," and 1 end):csv { fields = { "command" }, header = false })
  end)

  it("defuses texts that begin a formula when asked, and no numbers", function()
    local batch = sockets.batch { { command = "=1+1", delta_tx_bytes = -5 }, { command = '+a,"b' }, { command = "-x" }, { command = "@y" }, { command = "a=b" } }
    local columns = { "command", "delta_tx_bytes" }
    assert.equal("command,delta_tx_bytes\r\n'=1+1,-5\r\n\"'+a,\"\"b\",\r\n'-x,\r\n'@y,\r\na=b,\r\n", batch:csv { fields = columns, defuse = true })
    assert.equal("=1+1,-5", batch:csv({ fields = columns, header = false }):match "[^\r]*")
  end)

  it("lets nothing through that drives a terminal", function()
    local batch = sockets.batch { { command = "a\27[31mb\u{9b}c\u{202e}d" }, { command = "Käse" }, { command = "\n" } }
    assert.equal("command\r\na?[31mb?c?d\r\nKäse\r\n?\r\n", batch:csv { fields = { "command" } })
  end)

  it("has by default what there is of the pass, every field, and the values of flat JSON", function()
    local batch = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/states_v4v6.bin", { release = 15 }))
    local records = parse(batch:csv())
    assert.equal(#batch + 1, #records)
    assert.equal("timestamp_ns,hostname,schedule_name,batch_sequence,local_addr", table.concat(records[1], ",", 1, 5))
    assert.equal(4 + #tcpstats.fields(), #records[1])
    local row = 1
    for line in batch:flat():gmatch "[^\n]+" do
      row = row + 1
      local flat = cjson.decode(line)
      for i, name in ipairs(records[1]) do
        local value = flat[name]
        if value == nil then
          assert.equal("", records[row][i])
        elseif type(value) == "string" then
          assert.equal(value, records[row][i])
        elseif type(value) == "number" and math.abs(value) < 2 ^ 53 then
          assert.equal(value, tonumber(records[row][i]))
        end
      end
    end
  end)

  it("has columns of the pass", function()
    local batch = sockets.batch({ { state = 2 } }, { [1] = 1700000000000000000, [2] = "a,host" })
    assert.equal('timestamp_ns,hostname,state,schedule_name\r\n1700000000000000000,"a,host",LISTEN,\r\n',
      batch:csv { fields = { "timestamp_ns", "hostname", "state", "schedule_name" } })
  end)

  it("goes to a descriptor without becoming a string", function()
        local list = {}
    for i = 1, 3000 do list[i] = { local_port = i, command = ("x"):rep(50) } end
    local batch = sockets.batch(list)
    local path = os.tmpname()
    local fd = assert(runtime.open_file(path, false))
    assert(batch:write(fd, "csv", { fields = { "local_port", "command" } }))
    assert(runtime.close_file(fd))
    assert.equal(batch:csv { fields = { "local_port", "command" } }, support.read(path))
    os.remove(path)
  end)

  it("names a column that is none", function()
    local batch = sockets.batch {}
    assert.error_matches(function() batch:csv { fields = { "stat" } } end, "no field 'stat', did you mean state%?")
    assert.has_error(function() batch:csv { fields = {} } end)
    assert.has_error(function() batch:csv { fields = "state" } end)
    assert.has_error(function() batch:csv { fields = { "data_sources" } } end)
    assert.equal("state\r\n", batch:csv { fields = { "state" } })
  end)
end)
