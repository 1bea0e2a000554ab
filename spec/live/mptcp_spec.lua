-- Data that an MPTCP connection has received and nobody has read: it is in no subflow's buffer.
local cjson = require "cjson"
local support = require "spec.support"

-- Makes a connection in a network namespace of its own, leaves 50,000 bytes unread, and runs what it is told. Exit 77: no MPTCP here.
local SITUATION = [[
import fcntl, socket, struct, subprocess, sys, termios, time
lo = socket.socket(); fcntl.ioctl(lo, 0x8914, struct.pack("16sh", b"lo", 0x49)); lo.close()  # SIOCSIFFLAGS: up
try:
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    server.bind(("127.0.0.1", 22000)); server.listen()
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    client.connect(("127.0.0.1", 22000))
except OSError:
    sys.exit(77)
accepted = server.accept()[0]
client.sendall(b"x" * 50000)
while len(accepted.recv(50000, socket.MSG_PEEK)) < 50000: time.sleep(0.01)
for command in sys.argv[1:]: subprocess.run(command, shell=True, check=True)
]]

describe("an MPTCP connection", function()
  local script, record = support.temporary(SITUATION), os.tmpname()
  local bin = support.bin
  local text = support.run(("unshare -n python3 %s '%s -c 1 flat' '%s -c 1 -p --record %s flat' '%s -s capture:%s -p flat' || echo none"):format(
    script, bin, bin, record, bin, record))
  os.remove(record)

  it("shows what nobody has read, with and without owners, and from a recording", function()
    if text:find "^none" then return pending "no network namespace, or no MPTCP" end
    local unread, with_owner = {}, 0
    for line in text:gmatch "[^\n]+" do
      local s = cjson.decode(line)
      if s.local_port == 22000 and s.state == "ESTABLISHED" and s.mptcp_token_local then
        unread[#unread + 1] = s.mptcp_unread_bytes
        with_owner = with_owner + (s.pid and 1 or 0)
        assert.is_true(s.rcv_buf_used < 50000)
        assert.equal(0, s.mptcp_unsent_bytes) -- it never sent any
      end
    end
    assert.equal(3, #unread)
    for _, bytes in ipairs(unread) do assert.is_true(bytes >= 50000, bytes) end
    assert.equal(2, with_owner)
  end)
end)
