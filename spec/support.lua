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

--- Runs a command, and beside it steps that wait for what it does: no spec guesses how long that takes.
-- @param command for the shell; $pid is its process
-- @param steps for the shell: `said PATTERN N` waits until N lines (1) of its standard output match a regular expression of grep, `warned PATTERN N`
--   the same for standard error, `until_true COMMAND...` until a command succeeds; five minutes at most, then the process is killed.
--   `ended` waits until the process has ended
-- @return stdout, stderr, exit code; and what the steps printed
function support.beside(command, steps)
  local folder = os.tmpname()
  os.remove(folder)
  local printed, trouble = support.run(([[
    mkdir %s && cd %s && ORIGIN="$OLDPWD" || exit
    until_true() {
      tries=0
      until "$@" 2>/dev/null; do
        if [ $((tries += 1)) -gt 15000 ] || ! kill -0 $pid; then echo "waited in vain for: $*" >&2; kill -9 $pid; return 1; fi
        sleep 0.02
      done
    }
    lines() { [ "$(grep -c -- "$2" "$folder/$1")" -ge "${3:-1}" ]; }
    code=
    ended() { wait $pid; code=$?; }
    said() { until_true lines out "$@"; }
    warned() { until_true lines err "$@"; }
    folder=$PWD; cd "$ORIGIN"
    %s >$folder/out 2>$folder/err & pid=$!
    %s
    [ -n "$code" ] || ended
    echo $code >$folder/code]]):format(folder, folder, command, steps))
  local out, err, code = support.read(folder .. "/out"), support.read(folder .. "/err"), tonumber(support.read(folder .. "/code"))
  os.execute("rm -r " .. folder)
  return out, err .. trouble, code, printed
end

--- What a Lua program prints after its first line, which says that it is ready: then `command` is done to it ($pid).
function support.signalled(program, command)
  local file = support.temporary(program)
  local out, _, code = support.beside(("%s %s"):format(support.lua, file), "said .; " .. command)
  os.remove(file)
  return ("%sexit %d\n"):format((out:gsub("^[^\n]*\n", "")), code)
end

return support
