-- Owners of this process's own sockets, on the running kernel; and the same again from a recording of it.
local core = require "tcpstats.core"
local socket = require "socket"
local support = require "spec.support"
local tcpstats = require "tcpstats"

if tcpstats.open("auto"):name() ~= "linux" then return end

local pid = math.tointeger(tonumber(support.read("/proc/self/stat"):match "^%d+"))
local command = support.read("/proc/self/comm"):gsub("\n", "")

--- Our sockets in a batch: {[descriptor] = {state, command}}. Whether it is known who shares them depends on what else goes on in the machine.
local function own(batch)
  local found = {}
  for _, s_pid, fd, state, name in batch:each("pid", "fd", "state", "command") do
    if s_pid == pid then found[fd] = { state, name } end
  end
  return found
end

describe("the owners of live sockets", function()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()

  it("are found, also of sockets that come later, and play back the same", function()
    local path = os.tmpname()
    local source = assert(core.open("linux", path))
    local first = own(assert(source:pass { processes = true }))
    assert.same({ "LISTEN", command }, first[listener:getfd()])

    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    local second = own(assert(source:pass { processes = true }))
    assert.same({ "LISTEN", command }, second[listener:getfd()])
    assert.same({ "ESTABLISHED", command }, second[client:getfd()])
    assert.same({ "ESTABLISHED", command }, second[server:getfd()])

    local closed = client:getfd()
    client:close()
    local third = own(assert(source:pass { processes = true }))
    assert.is_nil(third[closed])
    assert.same({ "CLOSE_WAIT", command }, third[server:getfd()])
    source:close()

    local replay = assert(core.open("capture:" .. path))
    for _, live in ipairs { first, second, third } do assert.same(live, own(assert(replay:pass { processes = true }))) end
    replay:close()
    os.remove(path)
    server:close()
  end)

  it("are looked up for a filter that names one", function()
    local batch = assert(tcpstats.collect { filter = ("pid=%d include_state=listen"):format(pid) })
    local found = own(batch)
    assert.is_truthy(found[listener:getfd()])
    for s in batch:each() do assert.equal(pid, s.pid) end
    assert.equal(0, #assert(tcpstats.collect { filter = ("pid=%d command=nobody"):format(pid) }))
  end)

  it("come with a data source", function()
    local batch = assert(tcpstats.collect { processes = true })
    local sources = {}
    for _, name in ipairs(batch.metadata.data_sources) do sources[name] = true end
    assert.is_true(sources.LINUX_INET_DIAG and sources.LINUX_PROC)
    assert.is_falsy(table.concat(assert(tcpstats.collect()).metadata.data_sources, " "):find "PROC")
  end)
end)
