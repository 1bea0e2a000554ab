-- Checks whether anything takes more instructions per socket than before: `make bench-check`, or lua5.4 bench/check.lua [accept].
--
-- Instructions are counted by callgrind on the made-up dumps of bench/input.c, so that the figures do not depend on the load of the machine. They do depend on
-- compiler, C library and Lua: bench/accepted.txt names those that it was made with, and elsewhere figures are shown but none fails.
local BUILD = os.getenv "BUILD" or "build"
local ACCEPTED = "bench/accepted.txt"
local TOLERANCE = 0.03
local SOCKETS = 1000

-- A stage of bench/stages is counted as it is; for a whole pass, the difference of two sizes, which leaves out the start.
local stages = { "parse-linux", "parse-macos", "delta", "filter", "json", "flat", "protobuf", "decode" }
local passes = {
  { "pass-json", "-c 1 json" },
  { "pass-script", "-c 1 bench/script.lua" },
}

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  return text, pipe:close()
end

local function instructions(options, command)
  local text = output_of("valgrind --tool=callgrind --callgrind-out-file=/dev/null " .. options .. " " .. command .. " 2>&1 >/dev/null")
  return tonumber((assert(text:match "Collected : (%d+)", text)))
end

local function of_stage(name)
  return instructions("--collect-atstart=no '--toggle-collect=run_*'", ("%s/bench/stages %d %s"):format(BUILD, SOCKETS, name)) / SOCKETS
end

local function of_pass(arguments)
  local counted = {}
  for i, sockets in ipairs { SOCKETS, 3 * SOCKETS } do
    local dump = BUILD .. "/bench/check.bin"
    assert(os.execute(("%s/bench/stages dump %s %d"):format(BUILD, dump, sockets)))
    counted[i] = instructions("", ("%s/tcpstats-lua -s linux:%s %s"):format(BUILD, dump, arguments))
  end
  return (counted[2] - counted[1]) / (2 * SOCKETS)
end

-- What the figures depend on.
local function toolchain()
  local compiler = output_of "${CC:-cc} --version":match "^%S+" .. " " .. output_of "${CC:-cc} -dumpfullversion -dumpversion":match "%S*"
  local library = output_of "getconf GNU_LIBC_VERSION 2>&1":match "[^\n]*"
  local lua = output_of(arg[-1] .. " -v"):match "^%S+ %S+"
  return ("%s; %s; %s; %s"):format(output_of "uname -m":match "%S+", compiler, library, lua)
end

local function read_accepted()
  local accepted, made_with = {}, nil
  for line in io.lines(ACCEPTED) do
    local name, count = line:match "^([%w-]+)%s+(%d+)"
    if name then accepted[name] = tonumber(count) end
    made_with = made_with or line:match "^# with (.*)"
  end
  return accepted, made_with
end

local function count_all(take)
  for _, name in ipairs(stages) do take(name, of_stage(name)) end
  for _, pass in ipairs(passes) do take(pass[1], of_pass(pass[2])) end
end

local function accept()
  local file <close> = assert(io.open(ACCEPTED, "w"))
  file:write("# Instructions a socket, counted by callgrind: make bench-check compares, make bench-accept writes this file.\n")
  file:write("# with ", toolchain(), "\n")
  count_all(function(name, count)
    print(("%-14s %8.0f"):format(name, count))
    file:write(("%-14s %8.0f\n"):format(name, count))
  end)
end

local function check()
  local accepted, made_with = read_accepted()
  local comparable = made_with == toolchain()
  local passed, failed = 0, 0
  count_all(function(name, count)
    local change = accepted[name] and count / accepted[name] - 1
    local says = ""
    if not change then
      says = "not in " .. ACCEPTED .. "; make bench-accept"
    elseif change > TOLERANCE then
      says = "MORE than accepted"
    elseif change < -TOLERANCE then
      says = "less than accepted: make bench-accept, so that it stays so"
    end
    if comparable and (not change or change > TOLERANCE) then failed = failed + 1 else passed = passed + 1 end
    print(("%-14s %8.0f %8s %+6.1f %%  %s"):format(name, count, accepted[name] or "-", 100 * (change or 0), says))
  end)
  if not comparable then
    print("no verdict: the accepted figures were made with\n  " .. tostring(made_with) .. "\nand these with\n  " .. toolchain())
  end
  print(("%d passed, %d failed"):format(passed, failed))
  return failed == 0
end

if arg[1] == "accept" then accept() else os.exit(check()) end
