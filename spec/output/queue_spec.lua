-- The account of an output holds at every step, whatever its reader does: rows collected = written + unknown + dropped + waiting.
local account = require "tcpstats.output.account"
local connection = require "spec.support.connection"
local core = require "tcpstats.core"
local host = require "spec.support.host"
local queue = require "tcpstats.output.queue"
local sockets = require "spec.support.sockets"
local stream = require "tcpstats.output.stream"
local tcpstats = require "tcpstats"

local batch = sockets.repeated(tcpstats.decode(host.stream(1)), 500)

local function chunks(format) return core.chunks(batch, format) end

local function waiting_in(q)
  local rows = 0
  for i = q.first, q.last do rows = rows + q.items[i].body:left() end
  return rows
end

describe("a queue", function()
  it("takes one batch beyond its limit, and encodes it when another follows", function()
    local q = queue.new(1 << 20)
    assert.is_true(q:put_chunks(chunks "flat", "lines", false))
    assert.equal(0, q.held)
    assert.is_true(q:is_full())
    assert.is_true(q:put_chunks(chunks "flat", "lines", false))
    assert.equal(#batch:encode "flat", q.held)
    assert.equal(1000, q:clear())
    assert.is_true(q:is_empty())
  end)

  it("takes none when the one before has no room", function()
    for _, format in ipairs { "flat", "json", "protobuf", "csv" } do
      local q = queue.new(10000)
      local whole = format == "json" or format == "protobuf"
      assert.is_true(q:put_chunks(chunks(format), "lines", whole))
      assert.is_false(q:put_chunks(chunks(format), "lines", whole))
      assert.is_false(q:put_bytes("x", "text"))
      assert.equal(500, q:clear())
      assert.is_true(q:put_bytes(("x"):rep(20000), "text")) -- something always fits
      assert.is_false(q:put_bytes("x", "text"))
      assert.equal(1, q:clear())
    end
  end)

  it("gathers small rows", function()
    local q = queue.new(1 << 20)
    for i = 1, 1000 do assert.is_true(q:put_bytes(("%d\n"):format(i), "lines")) end
    assert.is_true(q:put_bytes("bytes", "messages"))
    assert.equal(2, q.last - q.first + 1)
    assert.equal(1001, waiting_in(q))
  end)
end)

describe("the account of a stream", function()
  local put = {
    function(self, q) return q:put_bytes(("row %d\n"):format(self.rows), "text"), 1 end,
    function(_, q) return q:put_bytes(("x"):rep(3000) .. "\n", "lines"), 1 end,
    function(_, q) return q:put_chunks(chunks "flat", "lines", false), #batch end,
    function(_, q) return q:put_chunks(chunks "csv", "csv", false, "names\r\n"), #batch end,
    function(_, q) return q:put_chunks(chunks "json", "lines", true), #batch end,
    function(_, q) return q:put_chunks(chunks "protobuf", "messages", true), #batch end,
  }

  it("holds after every step of many that are chosen at random", function()
    for seed = 1, 40 do
      math.randomseed(seed)
      local self = setmetatable({ account = account.new(), keys = { buffer = "100K" }, has_reader = true, is_followed = true, acknowledged = true },
        { __index = stream.methods })
      assert(stream.init(self))
      local here, there = connection.pair(1 << 14)
      self.fd = math.tointeger(here:getfd())
      local rows = self.account
      for step = 1, 150 do
        local what = math.random(10)
        if what <= 4 then
          local taken, count = put[math.random(#put)](self, self.queue)
          rows:collect(count)
          if not taken then rows:drop(count, "buffer") end
        elseif what <= 7 then
          self:drain()
        elseif what <= 9 then
          there:receive(math.random(1 << 16))
        else
          there:close()
          if math.random(2) == 1 then self:drain() end
          self:broke()
          here:close()
          here, there = connection.pair(1 << 14)
          self.fd = math.tointeger(here:getfd())
        end
        local where = ("seed %d, step %d"):format(seed, step)
        assert.equal(waiting_in(self.queue), rows:waiting(), where)
        assert.is_true(rows.written >= 0 and rows.unknown >= 0, where)
      end
      self:give_up "reader"
      assert.equal(0, rows:waiting())
      here:close()
      there:close()
    end
  end)
end)
