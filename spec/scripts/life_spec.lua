local support = require "spec.support"
local host = require "spec.support.host"

describe("life", function()
  local function run(words) return support.run(support.bin .. " -s protobuf:- life " .. words, host.stream()) end

  it("prints a line for a connection that is gone, with what the last pass knew", function()
    local out, err, code = run ""
    assert.equal("", err)
    assert.equal(0, code)
    local lines = {}
    for line in out:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(2, #lines, out)
    assert.matches("^TIME +LOCAL +REMOTE +SENT +RECEIVED +RETRANS +RTT +SEEN FOR +END +PROCESS$", lines[1])
    assert.matches("^%d%d:%d%d:%d%d 10%.0%.0%.1:22 +10%.0%.0%.2:50000 +%- +%- +%- +22us +1%.?0?s +lost +%-$", lines[2])
  end)

  it("prints no titles with --no-header", function() assert.equal(1, select(2, run("--no-header"):gsub("\n", ""))) end)
end)

describe("--closed", function()
  local function run(words) return support.run(support.bin .. " -s protobuf:- " .. words, host.stream()) end

  it("adds the connections that ended to flat and csv", function()
    local out = run "flat --closed"
    assert.equal(11, select(2, out:gsub("\n", "")))
    assert.equal(1, select(2, out:gsub('"local_port":22,[^\n]*"close_reason":"LAST_SEEN"', "")), out)
    assert.equal("local_port,close_reason\r\n443,\r\n8080,\r\n9000,\r\n22,LAST_SEEN\r\n",
      run("csv --closed --fields local_port,close_reason"):match "^[^\n]*\n" .. run("csv --closed --fields local_port,close_reason"):match "443,\r\n8080,\r\n9000,\r\n22,.*$")
    assert.is_nil(run("flat"):find "close_reason")
  end)
end)

if select(3, support.run "unshare -n true 2>/dev/null") == 0 then
  describe("life on a live system", function()
    it("has a line for both ends of every connection, however short", function()
      local folder = host.folder()
      local here = support.run("pwd"):gsub("\n", "")
      local bin = support.bin:find "^/" and support.bin or here .. "/" .. support.bin
      -- The connections begin after the first pass, and the run ends when all lines are there.
      host.write(folder .. "/begin.lua", 'return { on_batch = function() io.open("go", "w"):close() end }')
      local out, err = support.run(([[cd %s && exec unshare -n sh -c '
        ip link set lo up
        python3 %s/spec/live/short_lived.py 100 >made & made=$!
        until grep -qs ready made; do sleep 0.02; done
        %s -i 0.2 life -x ./begin.lua >life & life=$!
        until [ $(grep -cs closed life) -ge 200 ]; do sleep 0.05; done
        kill $life; wait $life; kill $made; cat life']]):format(folder, here, bin))
      os.execute("rm -r " .. folder)
      assert.equal("", err)
      assert.equal(200, select(2, out:gsub(" closed", "")), out)
      assert.equal(200, select(2, out:gsub(" 400 +400 ", "")), out)
      assert.equal(100, select(2, out:gsub(" 127%.0%.0%.1:22000 +127%.0%.0%.1:%d+ ", "")), out)
    end)
  end)
end
