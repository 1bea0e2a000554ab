-- Ends of connections beside those of ss: zones, devices, and what a wildcard takes.
local support = require "spec.support"

local SOCKETS = [==[
import socket, struct, subprocess, sys
def ip(*words): subprocess.run(("ip",) + words, check=True)
for pair in ("va", "vb"), ("vc", "vd"):
    ip("link", "add", pair[0], "type", "veth", "peer", "name", pair[1])
    for device in pair: ip("link", "set", device, "up")
for device in "va", "vc":
    ip("-6", "addr", "flush", "dev", device, "scope", "link")
    ip("-6", "addr", "add", "fe80::1/64", "dev", device, "nodad")
ip("link", "set", "lo", "up")
kept = []
def listen(family, address, device=None, v6only=None):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if device: s.setsockopt(socket.SOL_SOCKET, 25, device.encode())
    if v6only is not None: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    s.bind(address)
    s.listen(3)
    kept.append(s)
    return s
for device in "va", "vc":
    listen(socket.AF_INET6, ("fe80::1", 22001, 0, socket.if_nametoindex(device)))
    listen(socket.AF_INET, ("0.0.0.0", 22000), device)
    listen(socket.AF_INET6, ("::", 22002), device, 0)
listen(socket.AF_INET, ("0.0.0.0", 22003))
listen(socket.AF_INET6, ("::", 22004), None, 1)
dual = listen(socket.AF_INET6, ("::", 22005), None, 0)
for i in range(3): listen(socket.AF_INET, ("127.0.0.1", 22006))
c = socket.create_connection(("127.0.0.1", 22005))
kept += [c, dual.accept()[0]]
d = socket.socket(socket.AF_INET6)
d.connect(("fe80::1", 22001, 0, socket.if_nametoindex("va")))
kept.append(d)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
]==]

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end

describe("ends of connections", function()
  it("read as in ss, and no two sockets alike", function()
    if support.run("id -u"):match "%d+" ~= "0" then return pending "needs root for a network namespace" end
    local python, script = support.temporary(SOCKETS), support.temporary 'return { on_socket = function(s, ctx) ctx:emit(tostring(s) .. "\\n") end }'
    os.rename(script, script .. ".lua")
    local commands = support.temporary(("ss -Htan >%s.ss; %s -c 1 table --columns state,local,remote --no-header >%s.table; %s -c 1 %s.lua >%s.text")
      :format(script, support.bin, script, support.bin, script, script))
    local _, err, code = support.run(("unshare -n python3 %s sh %s"):format(python, commands))
    assert.equal(0, code, err)
    local expected = {}
    for line in support.read(script .. ".ss"):gmatch "[^\n]+" do
      local state, own, other = line:match "^(%S+)%s+%d+%s+%d+%s+(%S+)%s+(%S+)"
      own = own:gsub("^%[(.-)%]%%(%w+):", "[%1%%%2]:")
      if other:find "^%[fe80" then other = other:gsub("%]", "%%va]") end -- ss leaves the peer's zone out
      if state == "ESTAB" then state = "ESTABLISHED" end
      expected[#expected + 1] = state == "LISTEN" and ("%s %s"):format(state, own) or ("%s %s %s"):format(state, own, other)
    end
    table.sort(expected)
    assert.equal(16, #expected)
    local shown = lines_of((support.read(script .. ".table"):gsub(" +", " ")))
    assert.same(expected, shown)
    local texts = lines_of(support.read(script .. ".text"))
    assert.equal(#expected, #texts)
    for i = 2, #texts do assert.is_true(texts[i] ~= texts[i - 1], texts[i]) end
    for _, file in ipairs { python, commands, script .. ".lua", script .. ".ss", script .. ".table", script .. ".text" } do os.remove(file) end
  end)
end)
