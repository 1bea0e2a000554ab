-- What a pass costs on this machine: `make bench`, or lua5.4 bench/run.lua [PAIRS...].
--
-- For every number of connections it makes them (bench/sockets), runs all contestants in turn, round after round, and prints medians. A ratio is
-- taken within its round, so that what slows the machine down for a while slows both sides; its spread is that of the middle half of the rounds.
-- Ratios are of processor time unless they say otherwise: that of a process which others do not disturb is the same as its wall time.
local BUILD = os.getenv "BUILD" or "build"
local TOOL = BUILD .. "/tcpstats-lua"
local PASSES = 6 -- of a run that shows what a pass after the first costs

-- A contestant's command is run by bench/took. `less`: what it takes beyond that contestant, over `passes` more passes, is the figure.
local contestants = {
  floor = { command = BUILD .. "/bench/floor", says = "floor: the kernel's dump, thrown away" },
  json = { command = TOOL .. " -c 1 json", says = "json", most = 1.5 },
  protobuf = { command = TOOL .. " -c 1 protobuf", says = "protobuf", most = 1.5 },
  table = { command = TOOL .. " -c 1 table", says = "table, its columns as wide as they need" },
  script = { command = TOOL .. " -c 1 bench/script.lua", says = "a script, eight fields of every socket", most = 1.6 },
  deltas = { command = TOOL .. " -i 0.01 -c " .. PASSES .. " json", less = "json", says = "json with deltas, the second pass on", most = 1.6 },
  owners = { command = TOOL .. " -c 1 --processes json", says = "json with owners, first pass" },
  warm = { command = TOOL .. " -i 0.01 -c " .. PASSES .. " --processes json", less = "owners", says = "json with owners, the second pass on" },
  ss = { command = "ss -tinmeOH", says = "ss -tinmeOH" },
  ss_owners = { command = "ss -tinmeOpH", says = "ss -tinmeOpH" },
}
local everything = { "floor", "json", "protobuf", "deltas", "script", "table", "owners", "warm", "ss", "ss_owners" }
-- of two contestants: how many times as much the first takes
local comparisons = {
  { "ss", "json", "json is faster than ss", least = 4.5 },
  { "ss", "table", "table is faster than ss", least = 2 },
  { "ss_owners", "owners", "json with owners is faster than ss, first pass, in wall time: it has threads", by = "wall", least = 6 },
  { "warm", "deltas", "owners from the second pass on, beside the pass without", most = 1.3 },
}

local function quoted(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  return text, pipe:close()
end

-- One run: {wall=, cpu= in ns, peak= in bytes}
local function took(command)
  local text = output_of(BUILD .. "/bench/took " .. command .. " 2>/dev/null")
  local wall, cpu, peak = text:match "(%d+) (%d+) (%d+)"
  assert(wall, command .. " failed")
  return { wall = tonumber(wall), cpu = tonumber(cpu), peak = tonumber(peak) * 1024 }
end

-- The value at a part of the way from the smallest to the largest.
local function at(values, part)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  return sorted[1 + math.floor((#sorted - 1) * part + 0.5)]
end

local function median(values) return at(values, 0.5) end

local function map(list, f)
  local result = {}
  for i, v in ipairs(list) do result[i] = f(v, i) end
  return result
end

-- All contestants in turn, `rounds` times: name -> list of runs. The first round warms up.
local function race(names, rounds)
  local runs = {}
  for _, name in ipairs(names) do runs[name] = {} end
  for round = 0, rounds do
    for _, name in ipairs(names) do
      local c = contestants[name]
      local run = took(c.command)
      if c.less then
        local less = runs[c.less][round] or run
        run = { wall = (run.wall - less.wall) / (PASSES - 1), cpu = (run.cpu - less.cpu) / (PASSES - 1), peak = run.peak }
      end
      if round > 0 then runs[name][round] = run else runs[name][0] = run end
    end
  end
  return runs
end

local function verdict(ratio, goal)
  if goal.most then return ("at most %.1f%s"):format(goal.most, ratio <= goal.most and "" or "  MISSED") end
  if goal.least then return ("at least %.1f%s"):format(goal.least, ratio >= goal.least and "" or "  MISSED") end
  return ""
end

local function ratios(runs, name, of, by)
  by = by or "cpu"
  return map(runs[name], function(run, i) return run[by] / runs[of][i][by] end)
end

local function print_race(names, runs, sockets)
  print(("%-42s %9s %9s %10s  %-20s %9s  %s"):format("", "wall ms", "cpu ms", "ns/socket", "x floor (spread)", "peak MB", "goal"))
  for _, name in ipairs(names) do
    local c, list = contestants[name], runs[name]
    local all = ratios(runs, name, "floor")
    local cpu = median(map(list, function(r) return r.cpu end))
    local wall = c.less and "-" or ("%.2f"):format(median(map(list, function(r) return r.wall end)) / 1e6) -- those wait for their interval
    local peak = median(map(list, function(r) return r.peak end))
    print(("%-42s %9s %9.2f %10.0f  %5.2f (%.2f to %.2f)   %9.1f  %s"):format(c.says, wall, cpu / 1e6, cpu / sockets, median(all), at(all, 0.25),
      at(all, 0.75), peak / 1e6, sockets > 90000 and verdict(median(all), c) or ""))
  end
  for _, c in ipairs(comparisons) do
    if runs[c[1]] and runs[c[2]] then
      local all = ratios(runs, c[1], c[2], c.by)
      print(("%-76s %10.2f (%.2f to %.2f)   %s"):format(c[3], median(all), at(all, 0.25), at(all, 0.75), sockets > 90000 and verdict(median(all), c) or ""))
    end
  end
end

local function count_sockets() return tonumber((output_of(BUILD .. "/bench/floor count 2>&1"):match "%d+")) end

-- Runs inside the namespace that bench/sockets made.
local function inside(pairs)
  local sockets = count_sockets()
  local names, rounds = everything, math.max(5, math.min(15, 350000 // pairs))
  if sockets < 100 then names, rounds = { "floor", "json", "ss" }, 41 end
  print(("\n%d sockets, %d rounds"):format(sockets, rounds))
  local runs = race(names, rounds)
  print_race(names, runs, sockets)
  if sockets < 100 then
    local all = ratios(runs, "json", "ss")
    print(("%-76s %10.2f (%.2f to %.2f)   %s"):format("one pass, start to exit, beside ss", median(all), at(all, 0.25), at(all, 0.75),
      verdict(median(all), { most = 1 })))
  end
  if sockets > 90000 then
    local peak = median(map(runs.deltas, function(r) return r.peak end))
    local most = 1200 * sockets + 8e6
    print(("%-76s %10.0f bytes a socket; at most 1200 and 8 MB%s"):format("peak memory with deltas", peak / sockets, peak <= most and "" or "  MISSED"))
  end
end

-- Memory must not grow with the number of passes.
local function passes_in_a_row()
  local source = assert(require "tcpstats.core".open "auto")
  local tracker = require "tcpstats.core".tracker()
  local function resident()
    for line in io.lines "/proc/self/status" do
      local kb = line:match "^VmRSS:%s*(%d+)"
      if kb then return tonumber(kb) / 1024 end
    end
  end
  local counts = { [100] = true, [1000] = true, [10000] = true }
  for n = 1, 10000 do
    local batch = assert(source:pass { tracker = tracker, sequence = n })
    if #batch:encode "json" == 0 then error "nothing" end
    if counts[n] then print(("%-76s %10.1f MB"):format("resident after " .. n .. " passes in one process", resident())) end
  end
end

local function machine()
  local cpu = output_of("sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1"):match "[^\n]*"
  return ("%s, %s cores; %s; %s"):format(cpu ~= "" and cpu or "unknown processor", output_of("nproc"):match "%d+", output_of("uname -sr"):match "[^\n]*",
    os.date "!%Y-%m-%d %H:%M UTC")
end

if arg[1] == "inside" then
  inside(tonumber(arg[2]))
elseif arg[1] == "passes" then
  passes_in_a_row()
else
  local pairs = #arg > 0 and arg or { "5", "1000", "10000", "50000" }
  print(machine())
  for _, n in ipairs(pairs) do
    local lua = arg[-1] or "lua5.4"
    if not os.execute(("%s/bench/sockets %d %s bench/run.lua inside %d"):format(BUILD, n, quoted(lua), n)) then os.exit(1) end
  end
  os.execute(("%s/bench/sockets 50 %s bench/run.lua passes"):format(BUILD, quoted(arg[-1] or "lua5.4")))
end
