--- What several specs need: files, commands, the installed binary.
local support = {}

--- The binary under test, as installed.
support.bin = os.getenv("TCPSTATS_BIN") or "build/tcpstats-lua"

--- The Lua that runs the specs, for programs of their own.
support.lua = os.getenv "LUA" or "lua5.4"

--- Where the C and C++ programs of the specs are built.
support.programs = os.getenv("TCPSTATS_SPEC_PROGRAMS") or "build/spec"

--- The bytes of a file.
function support.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

--- Writes bytes to a new temporary file; returns its name.
function support.temporary(bytes)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  if bytes then assert(file:write(bytes)) end
  return path
end

--- Runs a shell command.
-- @param command text
-- @param input bytes for its standard input (none)
-- @return stdout, stderr, exit code (128 + n when signal n ended it)
function support.run(command, input)
  local stdin, stdout, stderr = support.temporary(input or ""), os.tmpname(), os.tmpname()
  local _, how, code = os.execute(("{ %s\n} <%s >%s 2>%s"):format(command, stdin, stdout, stderr))
  if how == "signal" then code = 128 + code end
  local out, err = support.read(stdout), support.read(stderr)
  os.remove(stdin) os.remove(stdout) os.remove(stderr)
  return out, err, code
end

--- What a C program of the specs says in TAP (spec/support/tap.h), as tests of the block that calls it.
-- @param name its path below support.programs
function support.tap(name)
  local busted, assert = require "busted", require "luassert"
  local said, count = support.run(("%s/%s 2>&1"):format(support.programs, name)), 0
  for result, number, what, after in said:gmatch "(%a[%a ]-) (%d+) %- ([^\n]+)\n()" do
    local more = said:match("^# [^\n]+", after)
    count = count + 1
    busted.it(("%s (%s)"):format(what, number), function() assert.equal("ok", result, more) end)
  end
  busted.it("comes to its end", function() assert.equal(("1..%d"):format(count), said:match "([^\n]*)\n$", said:sub(-200)) end)
end

--- What a Lua program prints that runs in a process of its own, with `ready` as its first line; `command` is done to it then ($pid).
function support.signalled(program, command)
  local file = support.temporary(program)
  local fifo = os.tmpname()
  local out = support.run(([[
    rm -f %s && mkfifo %s || exit 1
    %s %s >%s & pid=$!
    { read -r ready; %s; cat; } <%s
    wait $pid; echo "exit $?"]]):format(fifo, fifo, support.lua, file, fifo, command, fifo))
  os.remove(file)
  os.remove(fifo)
  return out
end

return support
