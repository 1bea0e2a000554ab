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

  -- The main thread of a program ends by pthread_exit, another one goes on: /proc/PID/fd is empty then.
  it("are found by another thread when the main one has ended", function()
    local pipe = assert(io.popen([[exec python3 -c '
import ctypes, os, socket, threading, time
s = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(60,)).start()
print(os.getpid(), s.getsockname()[1], flush=True)
ctypes.CDLL(None).pthread_exit(None)']]))
    local other, its_port = pipe:read("l"):match "(%d+) (%d+)"
    os.execute(("until grep -q ') Z ' /proc/%s/stat; do sleep 0.02; done"):format(other))
    local source = assert(core.open "linux")
    for _ = 1, 3 do -- found, and then looked at again
      local owner
      for _, its_pid, port_of in assert(source:pass { processes = true }):each("pid", "local_port") do
        if port_of == math.tointeger(its_port) then owner = its_pid end
      end
      assert.equal(math.tointeger(other), owner)
    end
    source:close()
    os.execute("kill -9 " .. other)
    pipe:close()
  end)

  it("come with a data source", function()
    local batch = assert(tcpstats.collect { processes = true })
    local sources = {}
    for _, name in ipairs(batch.metadata.data_sources) do sources[name] = true end
    assert.is_true(sources.LINUX_INET_DIAG and sources.LINUX_PROC)
    assert.is_falsy(table.concat(assert(tcpstats.collect()).metadata.data_sources, " "):find "PROC")
  end)
end)
