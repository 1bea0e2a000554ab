--- Recordings as a user replays them.
local core = require "tcpstats.core"
local host = require "spec.support.host"
local sockets = require "spec.support.sockets"
local support = require "spec.support"

local SECOND <const> = 1000000000

describe("a recording", function()
  local path, days = os.tmpname(), os.tmpname()
  setup(function()
    local _, err, code = support.run(("%s -c 4 -i 0.1 --record %s --overwrite json"):format(support.bin, path))
    assert.equal(0, code, err)
    local parts = {} -- passes that are a day apart: whoever waits for one never ends
    for i = 1, 3 do parts[i] = sockets.batch({ { local_port = i } }, { [1] = i * 86400 * SECOND }):protobuf() end
    host.write(days, table.concat(parts))
  end)
  teardown(function()
    os.remove(path)
    os.remove(days)
  end)

  local function replay(source, options)
    local begin = core.monotonic_ns()
    local out, err, code = host.run(("-s %s %s flat"):format(source, options))
    assert.equal(0, code, err)
    return core.monotonic_ns() - begin, out
  end

  it("is read as fast as it goes", function() assert.equal(3, select(2, select(2, replay("protobuf:" .. days, "")):gsub("\n", ""))) end)

  it("is read in its own time with --realtime, and gives the same", function()
    local took, out = replay("capture:" .. path, "--realtime")
    assert.is_true(took >= 0.29 * SECOND, took)
    assert.equal(out, select(2, replay("capture:" .. path, "")))
  end)

  it("is read in another time with -i", function()
    local took, out = replay("protobuf:" .. days, "-i 0.1")
    assert.is_true(took >= 0.2 * SECOND, took)
    assert.equal(3, select(2, out:gsub("\n", "")))
  end)

  it("is not what a closed standard descriptor becomes", function()
    local name = os.tmpname()
    local command = "%s -c 1 --overwrite --record %s json <&- %s"
    local _, err, code = support.run(command:format(support.bin, name, ">&-"))
    assert.truthy(err:find("^tcpstats%-lua: cannot write standard output: Bad file descriptor\n"), err)
    assert.equal(1, code)
    _, _, code = support.run(command:format(support.bin, name, "2>&-"))
    assert.equal(0, code)
    _, err, code = support.run(("%s -s capture:%s json"):format(support.bin, name))
    assert.equal("", err)
    assert.equal(0, code)
    os.remove(name)
  end)

  it("shows on a terminal how far it is", function()
    if select(3, support.run "script -qec true /dev/null") ~= 0 then return pending "no terminal is to be had" end
    local out, _, code = support.run(("script -qec '%s -s capture:%s json >/dev/null' /dev/null"):format(support.bin, path))
    assert.equal(0, code)
    assert.truthy(out:find("\r *%d+ %%  pass 1, %d+%.%d MB"))
    assert.equal("\r\27[K", out:sub(-4))
  end)

  it("is read by --interval or --realtime, not both", function()
    local _, err, code = support.run(("%s -s capture:%s -i 1 --realtime"):format(support.bin, path))
    assert.equal(2, code)
    assert.truthy(err:find("cannot be combined", 1, true))
  end)
end)

describe("a compressed recording", function()
  -- Starts a run in a process group of its own that records and writes a line a pass; signals the group after `passes` of them.
  local function record(path, passes, signal)
    local bin = support.run("realpath " .. support.bin):gsub("\n", "")
    return support.run(("setsid sh -c 'echo $$ >%s.pid; exec %s -i 0.02 --record %s json' | { for _ in $(seq %d); do read -r line; done; kill -%s -$(cat %s.pid); cat >%s.rest; }")
      :format(path, bin, path, passes, signal, path, path))
  end

  local function passes_of(path)
    local out, err, code = support.run(("%s -s capture:%s json"):format(support.bin, path))
    return select(2, out:gsub("\n", "")), err, code
  end

  it("is whole when the group is asked to end", function()
    local path = os.tmpname() .. ".zst"
    record(path, 5, "TERM")
    local count, err, code = passes_of(path)
    assert.equal("", err)
    assert.equal(0, code)
    assert.is_true(count >= 5)
    os.execute("rm -f " .. path .. "*")
  end)

  it("loses the pass under way at most when it is killed", function()
    local path = os.tmpname() .. ".zst"
    record(path, 5, "KILL")
    local count, err = passes_of(path)
    assert.is_true(count >= 5, err)
    os.execute("rm -f " .. path .. "*")
  end)
end)

describe("a recording that does not fit", function()
  -- A disk of 8 KiB of which 4 are taken, in a mount namespace of its own.
  local function record(name, passes)
    local folder = os.tmpname()
    os.remove(folder)
    local out, err, code = support.run(("unshare -m sh -c 'mkdir %s && mount -t tmpfs -o size=8k tmpfs %s && cd %s && : >%s && head -c 8192 /dev/zero >fill 2>/dev/null; "
      .. "exec %s -c %d -i 0.02 --record %s flat' 2>&1"):format(folder, folder, folder, name, support.run("realpath " .. support.bin):gsub("\n", ""), passes, name))
    os.execute("rmdir " .. folder)
    return out, code, err
  end
  if select(3, support.run "unshare -m true 2>/dev/null") ~= 0 then
    pending "no mount namespace of its own"
    return
  end

  for _, name in ipairs { "full.tcpcap", "full.tcpcap.zst" } do
    it("is told once, the passes go on, and the run ends with 1: " .. name, function()
      local out, code = record(name, 3)
      assert.equal(1, code)
      assert.equal(1, select(2, out:gsub("cannot write the capture " .. name:gsub("%p", "%%%0"), "")))
    end)
  end
end)
