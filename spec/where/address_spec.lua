-- Addresses: an expression means of them what a filter does, however they are spelled.
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"
local where = require "tcpstats.where"

local mapped = ("\0"):rep(10) .. "\255\255\127\0\0\1"
local batch = sockets.batch {
  { local_port = 1, local_addr = "\127\0\0\1", remote_addr = mapped }, { local_port = 2, local_addr = mapped, remote_addr = "\127\0\0\1" },
  { local_port = 3, local_addr = "\32\1\13\184" .. ("\0"):rep(11) .. "\1", remote_addr = "\32\1\13\184" .. ("\0"):rep(11) .. "\2" },
  { local_port = 4, local_addr = ("\0"):rep(16), remote_addr = ("\0"):rep(16) }, { local_port = 5 },
}

local function ports(view)
  local list = {}
  for _, port in view:each "local_port" do list[#list + 1] = port end
  return list
end

describe("an address in an expression", function()
  it("is equal to what a filter finds", function()
    for _, address in ipairs {
      "127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1", "2001:db8::1", "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::0001", "::", "0::0", "10.0.0.1",
    } do
      local expected = ports(batch:filter(assert(tcpstats.filter("local_addr=" .. address))))
      for _, expression in ipairs {
        'local_addr == "%s"', '"%s" == local_addr', 'one_of(local_addr, "9.9.9.9", "%s")', 'not (local_addr ~= "%s" or local_addr == nil)', 'cidr(local_addr, "%s")',
      } do
        expression = expression:format(address)
        assert.same(expected, ports(batch:filter(assert(where.compile(expression)))), expression)
      end
    end
    for _, network in ipairs { "127.0.0.0/24", "2001:db8::/32", "::/0", "0.0.0.0/0", "::ffff:0:0/96" } do
      local expected = ports(batch:filter(assert(tcpstats.filter("local_addr=" .. network))))
      assert.same(expected, ports(batch:filter(assert(where.compile(('cidr(local_addr, "%s")'):format(network))))), network)
    end
  end)

  it("is equal to another, mapped or not", function()
    assert.same({ 1, 2, 4 }, ports(batch:filter "local_addr == remote_addr"))
    assert.same({ 3 }, ports(batch:filter "local_addr ~= remote_addr"))
  end)

  it("is text for functions and methods", function()
    assert.same({ 1 }, ports(batch:filter "local_addr:find('^127%.')"))
    assert.same({ 4 }, ports(batch:filter "#local_addr == 2"))
    assert.same({ 1 }, ports(batch:filter "local_addr .. '' == '127.0.0.1'"))
    assert.equal("text", where.compile("local_addr").type)
  end)

  it("is compared with addresses only", function()
    for expression, what in pairs {
      ["local_addr == 'localhost'"] = "column 15 of 'local_addr == 'localhost'': 'localhost' is not an IPv4 or IPv6 address",
      ["local_addr == '10.0.0.0/8'"] = 'this is a network: cidr(local_addr, "10.0.0.0/8")',
      ["local_addr == '10.0.0.1/8'"] = "'10.0.0.1/8' is not",
      ["local_addr == 'fe80::1%eth0'"] = "has a zone",
      ["local_addr == 5"] = "local_addr is an address and this is a number: they are never equal",
    } do
      local compiled, message, code = where.compile(expression)
      assert.is_nil(compiled, expression)
      assert.equal("EUSAGE", code)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)
end)

describe("core.address", function()
  it("gives an address as fields show it", function()
    local core = require "tcpstats.core"
    assert.equal("2001:db8::1", core.address "2001:DB8:0:0::1")
    assert.equal("10.0.0.1", core.address "10.0.0.1")
    assert.equal("::ffff:10.0.0.1", core.address "::FFFF:a00:1")
    for _, text in ipairs { "", "10.0.0.1/32", "10.0.0", "fe80::1%eth0", "10.0.0.1\0", ("1"):rep(100) } do
      local address, what = core.address(text)
      assert.is_nil(address, text)
      assert.equal("string", type(what))
    end
  end)
end)

describe("an expression's fields", function()
  it("are those of a socket that it reads, in folds too", function()
    assert.same({ "rtt_us", "pid" }, assert(where.compile "rtt_us > 5 and (pid == 7 or rtt_us < 2)").fields)
    assert.same({ "delta_tx_bytes" }, assert(where.compile "rate(tx_bytes) > 5").fields)
    assert.same({}, assert(where.compile "true").fields)
    local rule = assert(where.compile_aggregate("sum(tx_bytes) > 5 and count(command == 'x' and tx_bytes > 1) > count() and orphans > 1", "batch"))
    assert.same({ "tx_bytes", "command" }, rule.fields)
  end)
end)
