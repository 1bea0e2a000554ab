-- Every example on live sockets (spec/live/situation.py makes what they ask about), on captures of macOS, and on a protobuf stream.
local run = require("spec.support.ctx").run
local script = require "tcpstats.host.script"
local support = require "spec.support"
local tcpstats = require "tcpstats"

-- What each says of the situation, as patterns.
local examples = {
  bbr_versus_cubic = { "ALGORITHM +CONNS", "\ncubic +3 .* 0%.00%%", "\nreno +3 " },
  bytes_per_process = { "TX/s", " [%d.]+K +[%d.]+K +%d+  python3%[%d+%]\n" },
  close_wait = { "HELD", "\n +4 +24 .*python3%[%d+%]\n" },
  listen_queues = { "75%%  3 of 4  127%.0%.0%.1:8082  python3" },
  per_container = { "CONTAINER", "\n +6 +%d+ " },
  rtt_by_network = { "NETWORK", " 6  10%.1%.1%.0/24\n", " 6  10%.2%.2%.0/24\n" },
  short_lived = { " +%d+  of [%d.]+m?s each, made to 127%.0%.0%.1:8083 \n" },
  stalled_senders = { "127%.0%.0%.1:8084  python3%[%d+%]: the peer's window is closed\n", "127%.0%.0%.1:8085  python3%[%d+%]: %d+ timeouts? without an answer\n" },
  time_wait_by_port = { "%d+ in TIME_WAIT\n", " +3  of our port 8083: we close first\n", " +%d+  of connections that we made to port 8083\n" },
  who_retransmits = { "CONNECTION\n", " > 127%.0%.0%.1:8085  python3%[%d+%]\n" },
}

local names = {}
for name in pairs(examples) do names[#names + 1] = name end
table.sort(names)

local function path(name) return ("examples/%s.lua"):format(name) end

describe("an example", function()
  it("is in this list, and tells its question and its output", function()
    local found = {}
    for file in support.run("ls examples"):gmatch "([%w_]+)%.lua" do found[#found + 1] = file end
    assert.same(names, found)
    for _, name in ipairs(names) do
      local text = support.read(path(name))
      assert.matches("^%-%- [^\n]*%?[^\n]*\n%-%-\n%-%-   %$ tcpstats%-lua [^\n]*examples/" .. name .. "%.lua[^\n]*\n%-%-   [^\n]+\n", text, 1, false, name)
      assert.is_nil(text:find("OUTPUT", 1, true))
      assert(script.load(path(name)))
    end
  end)

  it("answers on live sockets", function()
    if support.run("id -u"):match "%d+" ~= "0" then return pending "needs root for a network namespace" end
    local commands = {}
    for _, name in ipairs(names) do
      local passes = name == "short_lived" and "-c 8 -i 0.1" or "-c 2 -i 0.1"
      commands[#commands + 1] = ("echo; echo == %s; %s --processes %s %s"):format(name, support.bin, passes, path(name))
    end
    local file = support.temporary(table.concat(commands, "\n"))
    local out, err, code = support.run(("timeout 300 unshare -n python3 spec/live/situation.py sh %s"):format(file))
    os.remove(file)
    assert.equal(0, code, err)
    for _, name in ipairs(names) do
      local said = out:match("== " .. name .. "\n(.-)\n\n") or out:match("== " .. name .. "\n(.*)$")
      for _, pattern in ipairs(examples[name]) do assert.is_truthy(("\n" .. said .. "\n"):find(pattern), name .. ": " .. said .. err) end
    end
  end)

  for _, name in ipairs(names) do
    it("runs on captures and streams: " .. name, function()
      for _, capture in ipairs { { "12", "states_v4v6" }, { "15", "states_v4v6" }, { "15", "n0" }, { "15", "n16" }, { "15", "userland_only_plus1" } } do
        local bytes = support.read(("spec/fixtures/macos/%s/%s.bin"):format(capture[1], capture[2]))
        local batch = assert(tcpstats.parse("macos", bytes, { release = math.tointeger(capture[1]) }))
        local first = run(path(name), { batch }).text
        assert.is_true(#first > 0 and first:sub(-1) == "\n")
        local again = run(path(name), { (assert(tcpstats.decode(batch:protobuf()))) }).text
        assert.equal(first, again)
        local tracker = tcpstats.tracker()
        local passes = {}
        for i = 1, 3 do passes[i] = tracker:update(batch, { monotonic_ns = i * 1000000000 }) end
        assert.is_true(#run(path(name), passes).text > 0)
      end
    end)
  end

  it("runs by the binary on a dump and on a recorded stream", function()
    local dump = "spec/fixtures/macos/15/states_v4v6.bin"
    local stream = os.tmpname()
    local _, err, code = support.run(("%s -s macos:%s,release=15 -c 1 protobuf >%s"):format(support.bin, dump, stream))
    assert.equal(0, code, err)
    for _, name in ipairs(names) do
      local one, err_one, code_one = support.run(("%s -s macos:%s,release=15 -c 1 %s"):format(support.bin, dump, path(name)))
      local two, err_two, code_two = support.run(("%s -s protobuf:%s %s"):format(support.bin, stream, path(name)))
      assert.same({ 0, 0 }, { code_one, code_two }, err_one .. err_two)
      assert.equal(one, two)
      local three, err_three, code_three = support.run(("%s --sandbox -s protobuf:%s %s"):format(support.bin, stream, path(name)))
      assert.equal(0, code_three, err_three)
      assert.equal(one, three)
    end
    os.remove(stream)
  end)
end)
