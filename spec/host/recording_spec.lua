--- Recordings as a user replays them.
local support = require "spec.support"

describe("a recording", function()
  local path = os.tmpname()
  setup(function()
    local _, err, code = support.run(("%s -c 4 -i 0.25 --record %s json"):format(support.bin, path))
    assert.equal("", err)
    assert.equal(0, code)
  end)
  teardown(function() os.remove(path) end)

  local function replay(options)
    local begin = tonumber((support.run "date +%s%N"))
    local out, err, code = support.run(("%s -s capture:%s %s flat"):format(support.bin, path, options))
    assert.equal("", err)
    assert.equal(0, code)
    return (tonumber((support.run "date +%s%N")) - begin) / 1e9, out
  end

  it("is read as fast as it goes", function() assert.is_true(replay "" < 0.5) end)

  it("is read in its own time with --realtime, and gives the same", function()
    local took, out = replay "--realtime"
    assert.is_true(took >= 0.74 and took < 1.5, took)
    assert.equal(out, select(2, replay ""))
  end)

  it("is read in another time with -i", function()
    local took = replay "-i 0.1"
    assert.is_true(took >= 0.29 and took < 0.7, took)
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
