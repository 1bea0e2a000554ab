-- Processes that share a socket: an expression is true of it when it is true of any of them, as a filter is.
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"
local where = require "tcpstats.where"

local batch = sockets.batch {
  { local_port = 1, pid = 7, fd = 3, command = "init", holders = "\8\7\16\3\26\4init" .. "\8\9\16\5\26\6worker" },
  { local_port = 2, pid = 9, fd = 6, command = "worker" }, { local_port = 3, pid = 8, fd = 5, command = "other" }, { local_port = 4 },
}

local function ports(view)
  local list = {}
  for _, port in view:each "local_port" do list[#list + 1] = port end
  return list
end

describe("the owner's fields in an expression", function()
  local function finds(expected, expression) assert.same(expected, ports(batch:filter(assert(where.compile(expression)))), expression) end

  it("are those of any holder", function()
    for filter, expression in pairs { ["pid=9"] = "pid == 9", ["pid=7"] = "7 == pid", ["command=worker"] = 'command == "worker"', ["command=nobody"] = 'command == "nobody"' } do
      finds(ports(batch:filter(assert(tcpstats.filter(filter)))), expression)
    end
    finds({ 1, 2 }, 'one_of(command, "x", "worker")')
    finds({ 1, 3 }, "fd == 5")
    finds({ 2 }, "pid == 2 + local_port * 7 // 2")
  end)

  it("differ from what no holder has", function()
    finds({ 3 }, "pid ~= 9")
    finds({ 2, 3 }, '"init" ~= command')
    finds({ 3, 4 }, "not (pid == 9)")
    finds({ 4 }, "pid == nil")
  end)

  it("do not make an expression name the list of holders", function()
    assert.same({ "pid" }, assert(where.compile "pid == 9").fields)
    assert.equal(2, batch:aggregate({ n = 'count(command == "worker")' }).n)
    assert.equal(2, batch:group_by("pid == 9", { n = "count()" }):get(true).count)
  end)
end)
