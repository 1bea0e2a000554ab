-- Prints what the specs ran, by room: lines and branches of C as gcov counts them, lines of Lua that tools/coverage/record.lua noted.
--   report.lua BUILD    the build folder of make coverage, with its objects and the folder lines/
local BUILD <const> = arg[1]

local function output_of(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local function share(part, whole) return whole > 0 and ("%5.1f %% of %d"):format(100 * part / whole, whole) or "-" end

-- Sums by room, and the sum of all. A room: {name =, lines = {run, all}, branches = {taken, all}}.
local rooms, order = {}, {}
local function add(name, kind, run, all)
  for _, key in ipairs { name, name:match "^%w+" .. " in all" } do
    if not rooms[key] then
      rooms[key] = { lines = { 0, 0 }, branches = { 0, 0 } }
      order[#order + 1] = key
    end
    local sum = rooms[key][kind]
    sum[1], sum[2] = sum[1] + run, sum[2] + all
  end
end

for notes in output_of(("find %s/csrc -name '*.gcno' | sort"):format(BUILD)):gmatch "[^\n]+" do
  local source = notes:match("(csrc/.*)%.gcno$") .. ".c"
  local said = output_of(("gcov -n -b -o %s %s 2>/dev/null"):format(notes:match "^(.*)/", source))
  local _, last = said:find("File '" .. source .. "'\n", 1, true)
  local mine = last and said:sub(last + 1):match "^(.-)\nFile '" or last and said:sub(last + 1)
  local room = source:match "^(csrc/%w+)"
  local percent, all = (mine or ""):match "Lines executed:([%d.]+)%% of (%d+)"
  if percent then add(room, "lines", percent * all / 100, tonumber(all)) end
  percent, all = (mine or ""):match "Taken at least once:([%d.]+)%% of (%d+)"
  if percent then add(room, "branches", percent * all / 100, tonumber(all)) end
end

local run = {}
for line in output_of(("cat %s/lines/* 2>/dev/null"):format(BUILD)):gmatch "[^\n]+" do run[line] = true end
for path in output_of "find lua -name '*.lua' | LC_ALL=C sort":gmatch "[^\n]+" do
  local lines = {}
  for line in output_of(("luac5.4 -l -l -p %s"):format(path)):gmatch "\n\t%d+\t%[(%d+)%]" do lines[line] = true end
  local hit, all = 0, 0
  for line in pairs(lines) do
    all = all + 1
    if run[path:sub(5) .. " " .. line] then hit = hit + 1 end
  end
  add(path:match "^lua/tcpstats/%l+/" or "lua/tcpstats/", "lines", hit, all)
end

table.sort(order)
print(("%-26s %-20s %s"):format("room", "lines", "branches"))
for _, name in ipairs(order) do
  local room = rooms[name]
  print(("%-26s %-20s %s"):format(name, share(table.unpack(room.lines)), share(table.unpack(room.branches))))
end
