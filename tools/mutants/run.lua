-- Tries each of tools/mutants/list.lua: builds the tree with the fault and runs the specs that should find it. Runs in a copy of the tree (make mutants).
--   run.lua [WORDS]    only those whose description has the words
-- Exit status: 0 all were found, 1 some survived, or their specs fail without a fault, too.
local mutants = dofile "tools/mutants/list.lua"

local function run(command) return (os.execute(command .. " >mutants.log 2>&1")) == true end

-- Whether the tree builds and specs pass.
local function passes(specs)
  if not run "make -s all" then return false end
  for spec in specs:gmatch "%S+" do
    if not run("make test SPEC=" .. spec) then return false end
  end
  return true
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

-- Where a text is, and that it is there once.
local function place(text, wanted)
  local first, last = text:find(wanted, 1, true)
  if not first or text:find(wanted, last + 1, true) then return nil end
  return first, last
end

local sound = {} -- by specs: whether they pass without a fault
local function is_sound(specs)
  if sound[specs] == nil then sound[specs] = passes(specs) end
  return sound[specs]
end

local function try(_, path, wanted, fault, specs)
  local original = read(path)
  local first, last = place(original, wanted)
  if not first then return "STALE: its text is not once in " .. path end
  if not is_sound(specs) then return "UNKNOWN: without it, too, fails " .. specs end
  write(path, original:sub(1, first - 1) .. fault .. original:sub(last + 1))
  local survives = passes(specs)
  write(path, original)
  return survives and "SURVIVES " .. specs or "found"
end

local all_found = true
for _, mutant in ipairs(mutants) do
  if not arg[1] or mutant[1]:find(arg[1], 1, true) then
    local verdict = try(table.unpack(mutant))
    all_found = all_found and verdict == "found"
    print(("%-60s %s"):format(mutant[1], verdict))
    io.stdout:flush()
  end
end
os.exit(all_found)
