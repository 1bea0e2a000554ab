--- What the contract of scripts declares is there: ctx has every member, and the hooks of a run are called.
local contract = require "tcpstats.host.contract"
local host = require "spec.support.host"

describe("the contract", function()
  local folder, stream

  setup(function()
    folder = host.folder()
    stream = "-s protobuf:" .. host.write(folder .. "/stream.pb", host.stream())
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  it("declares what ctx has in a pass, and nothing else", function()
    local lines = {}
    for _, entry in ipairs(contract.ctx) do lines[#lines + 1] = ("ctx:emit('%s ' .. type(ctx.%s) .. '\\n')"):format(entry[1], entry[1]) end
    local out, err = host.run(("%s -c 2 --format flat %s"):format(stream, host.write(folder .. "/members.lua",
      "return { on_batch = function(_, ctx) if ctx.since_ns then " .. table.concat(lines, " ") .. " end end }")))
    assert.equal("", err)
    local types = {}
    for name, type in out:gmatch "(%S+) (%S+)\n" do types[name] = type end
    for _, entry in ipairs(contract.ctx) do
      local wanted = contract.type_of { entry[1], (entry[2]:gsub("%?$", "")) }
      if wanted == "integer" then wanted = "number" end
      if entry[2]:find "^tcpstats%.Batch" then wanted = "userdata" end
      assert.equal(wanted, types[entry[1]], entry[1])
    end
    local _, what = host.run(("%s -c 1 %s"):format(stream, host.write(folder .. "/unknown.lua", "return { on_batch = function(_, ctx) return ctx.emitt end }")))
    assert.truthy(what:find("ctx has no 'emitt', did you mean emit?", 1, true), what)
  end)
end)
