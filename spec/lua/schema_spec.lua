local core = require "tcpstats.core"

describe("core.message_fields", function()
  it("lists what metadata and summary have", function()
    for _, message in ipairs { "CollectionMetadata", "SystemSummary" } do
      local last = 0
      for _, field in ipairs(core.message_fields(message)) do
        assert.is_true(field.number > last, field.name)
        last = field.number
        assert.is_true(#field.help > 0, field.name)
      end
      assert.is_true(last > 10)
    end
    assert.has_error(function() core.message_fields "BatchMessage" end)
  end)
end)

describe("core.nearest", function()
  it("finds what was probably meant, or nothing", function()
    local words = { "rtt_us", "rttvar_us", "state", "local_port" }
    assert.equal("rtt_us", core.nearest("rtt", words))
    assert.equal("rtt_us", core.nearest("rtt_su", words))
    assert.equal("local_port", core.nearest("lokal_port", words))
    assert.is_nil(core.nearest("gibberish", words))
    assert.is_nil(core.nearest("x", {}))
  end)
end)

describe("core.network", function()
  it("tells which addresses lie in it", function()
    local inside = assert(core.network "10.0.0.0/8")
    assert.is_true(inside "10.1.2.3")
    assert.is_true(inside "::ffff:10.1.2.3")
    assert.is_false(inside "11.0.0.1")
    assert.is_false(inside "no address")
    local none, what = core.network "10.0.0.1/8"
    assert.is_nil(none)
    assert.truthy(what:find "10%.0%.0%.0/8")
  end)
end)
