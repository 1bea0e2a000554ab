local connection = require "spec.support.connection"
local core = require "tcpstats.core"
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"

local LINES <const> = { "flat", "csv" }
local MESSAGES <const> = { "json", "protobuf" }
local FORMATS <const> = { "flat", "csv", "json", "protobuf" }

-- Sockets of several shapes, some with long texts.
local function batch_of(count)
  local list = {}
  for i = 1, count do
    list[i] = { local_port = i, remote_port = 443, state = i % 11, ip_version = 4, local_addr = "\10\0\0\1", command = i % 3 == 0 and "a\n\"b,c" or nil,
      cgroup = i % 7 == 0 and ("/x"):rep(i % 500) or nil }
  end
  return sockets.batch(list, { [1] = 1700000000000000000, [2] = "host" })
end

local function encoded(batch, format, options)
  options = options or {}
  options.header = false
  return batch:encode(format, options)
end

local function each_next(chunks, most, split)
  return function() return chunks:next(most, split) end
end

local function drain(s)
  local parts = {}
  while true do
    local whole, _, part = s:receive(1 << 16)
    local bytes = whole or part or ""
    if bytes == "" then return table.concat(parts) end
    parts[#parts + 1] = bytes
  end
end

-- Until nothing more is taken; how many rows went.
local function send_all(chunks, s)
  local rows, n, _, how = 0
  repeat
    n, _, how = chunks:send(math.tointeger(s:getfd()))
    rows = rows + n
  until how ~= "more"
  assert.equal("wait", how)
  return rows
end

describe("the chunks of a batch", function()
  it("are whole lines that fit, and together the batch", function()
    local batch = batch_of(200)
    for _, format in ipairs(LINES) do
      for _, most in ipairs { 1, 300, 5000, 1 << 20 } do
        local parts, total = {}, 0
        for bytes, rows, ends, sent in each_next(core.chunks(batch, format), most) do
          assert.is_true(#bytes <= most or rows == 1, ("%d bytes in %d rows"):format(#bytes, rows))
          assert.equal("\n", bytes:sub(-1))
          assert.equal(4 * rows, #ends)
          assert.equal(#bytes, (("=I4"):unpack(ends, #ends - 3)))
          assert.equal(0, sent)
          parts[#parts + 1], total = bytes, total + rows
        end
        assert.equal(200, total)
        assert.equal(encoded(batch, format), table.concat(parts))
      end
    end
  end)

  it("are one message, or nothing where it is too large", function()
    local batch = batch_of(50)
    for _, format in ipairs(MESSAGES) do
      local chunks = core.chunks(batch, format)
      assert.is_false(chunks:next(1000))
      local bytes, rows, ends = chunks:next(1 << 20)
      assert.equal(encoded(batch, format), bytes)
      assert.same({ 50, "" }, { rows, ends })
      assert.equal(0, chunks:left())
      assert.is_nil(chunks:next(1 << 20))
    end
  end)

  it("are several messages if they may, of which each fits and has the metadata", function()
    local batch = batch_of(100)
    for _, most in ipairs { 1, 700, 1400, 10000, 1 << 20 } do
      local ports = {}
      for bytes, rows in each_next(core.chunks(batch, "protobuf"), most, true) do
        assert.is_true(#bytes <= most or rows == 1, ("%d bytes in %d rows"):format(#bytes, rows))
        local part = assert(tcpstats.decode(bytes))
        assert.equal("host", part.metadata.hostname)
        assert.equal(rows, #part)
        for s in part:each() do ports[#ports + 1] = s.local_port end
      end
      assert.equal(100, #ports)
      for i, port in ipairs(ports) do assert.equal(i, port) end
      local count = 0
      for bytes, rows in each_next(core.chunks(batch, "json"), most, true) do
        assert.is_true(#bytes <= most or rows == 1, ("%d bytes in %d rows"):format(#bytes, rows))
        assert.truthy(bytes:find('^{"metadata":{.-"hostname":"host".-},"records":%[{.*}%]}\n$'))
        assert.equal(rows, select(2, bytes:gsub('"localPort":', "")))
        count = count + rows
      end
      assert.equal(100, count)
    end
  end)

  it("are a message even of no sockets, but no line", function()
    local batch = batch_of(0)
    for _, format in ipairs(MESSAGES) do
      for _, split in ipairs { false, true } do
        local chunks = core.chunks(batch, format)
        assert.equal(encoded(batch, format), (chunks:next(1000, split)))
        assert.is_nil(chunks:next(1000, split))
      end
    end
    for _, format in ipairs(LINES) do assert.is_nil(core.chunks(batch, format):next(1000)) end
  end)

  it("have the line of names beside them", function()
    local batch = batch_of(1)
    assert.equal("local_port,hostname\r\n", core.chunks(batch, "csv", { fields = { "local_port", "hostname" } }):header())
    assert.is_nil(core.chunks(batch, "csv", { header = false }):header())
    assert.is_nil(core.chunks(batch, "flat"):header())
    local chunks = core.chunks(batch, "csv", { fields = { "local" .. "_port", "host" .. "name" } })
    collectgarbage()
    assert.equal("1,host\r\n", (chunks:next(100)))
  end)

  it("go to a descriptor as fast as it takes them, with every row counted once", function()
    local batch = batch_of(3000)
    for _, format in ipairs(FORMATS) do
      local here, there = connection.pair(1 << 16)
      local chunks, received, rows, sent = core.chunks(batch, format), {}, 0, 0
      while true do
        local n, bytes, how = chunks:send(math.tointeger(here:getfd()))
        rows, sent = rows + n, sent + bytes
        if how == "done" then break end
        assert.equal(3000 - rows, chunks:left())
        if how ~= "more" then
          assert.equal("wait", how)
          received[#received + 1] = drain(there)
        end
      end
      here:close()
      received[#received + 1] = drain(there)
      there:close()
      assert.equal(3000, rows)
      assert.is_true(encoded(batch, format) == table.concat(received), format)
      assert.equal(#table.concat(received), sent)
    end
  end)

  it("say what went wrong, and which rows had gone", function()
    local here, there = connection.pair(1 << 16)
    here:close()
    assert.same({ 0, 0, "failed", "Bad file descriptor", "EBADF" }, { core.chunks(batch_of(1), "flat"):send(1 << 20) })
    there:close()
  end)

  it("go back to the last whole row, by as many bytes as a reader must forget", function()
    local batch = batch_of(20000)
    for _, format in ipairs(FORMATS) do
      local here, there = connection.pair(1 << 16)
      local chunks = core.chunks(batch, format)
      local rows = send_all(chunks, here)
      local torn = chunks:rewind()
      here:close()
      local whole = drain(there)
      whole = whole:sub(1, #whole - torn)
      there:close()
      local rest = {}
      for bytes in each_next(chunks, 1 << 30) do rest[#rest + 1] = bytes end
      assert.is_true(encoded(batch, format) == whole .. table.concat(rest), format)
      if format == "flat" then assert.equal(rows, select(2, whole:gsub("\n", ""))) else assert.is_true(rows < 20000) end
    end
  end)

  it("that were sent in part are given with what was sent of them", function()
    local batch = batch_of(20000)
    local here, there = connection.pair(1 << 16)
    local chunks = core.chunks(batch, "flat")
    send_all(chunks, here)
    local bytes, rows, ends, sent = chunks:next(1 << 10)
    assert.is_true(sent < #bytes)
    assert.equal(4 * rows, #ends)
    here:close()
    local whole = drain(there)
    there:close()
    assert.equal(bytes:sub(1, sent), whole:sub(-sent))
    assert.is_false((function()
      local other, its = connection.pair(1 << 16)
      local message = core.chunks(batch, "json")
      send_all(message, other)
      other:close()
      its:close()
      return message:next(1 << 30)
    end)())
  end)
end)
