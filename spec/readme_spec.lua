--- What README.md and doc/*.md show is done as it stands there: every command line that begins with tcpstats-lua, every script, every piece of
-- Lua that needs the module. A page's commands run one after the other in a folder of their own, where its scripts lie under their names.
local support = require "spec.support"

local tree = assert(io.popen "pwd"):read "l"
local bin = support.bin:find "^/" and support.bin or tree .. "/" .. support.bin

-- A command gets so long; then it is ended as Ctrl-C ends it, and that must be with 0.
local SECONDS <const> = 1

-- What needs a terminal, a machine of another kind, or goes on for good by its nature is tried elsewhere.
local function is_elsewhere(command) return command:find " top%f[%W]" or command:find " tcp://" or command:find " udp://" end

local function pages()
  local list = {}
  local pipe <close> = assert(io.popen "ls README.md doc/*.md")
  for path in pipe:lines() do list[#list + 1] = path end
  return list
end

-- Commands, and blocks of Lua.
local function read_page(path)
  local commands, blocks, block = {}, {}, nil
  for line in io.lines(path) do
    local fence = line:match "^```(%a*)"
    if fence and block then
      if block.language == "lua" then blocks[#blocks + 1] = table.concat(block, "\n") .. "\n" end
      block = nil
    elseif fence then
      block = { language = fence }
    elseif block then
      block[#block + 1] = line
    else
      local command = line:match "^    (tcpstats%-lua .*)$"
      if command and not command:find "%.%.%." and not command:find "%[" then commands[#commands + 1] = command end
    end
  end
  return commands, blocks
end

-- What the pages call the dumps that they read, and which of the fixtures that is.
local DUMPS <const> = {
  ["dump.bin"] = "macos/15/states_v4v6.bin", ["pcblist.bin"] = "freebsd/fbsd14_7.pcblist.bin", ["xfile.bin"] = "freebsd/fbsd14_7.xfile.bin",
}
local DUMPS_OF <const> = { ["doc/linux.md"] = { ["dump.bin"] = "linux/kernel-6.18.bin" } }

-- A folder in which the files that a page speaks of are there.
local function make_folder(page)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(("mkdir -p %s/bin && ln -s %s/examples %s/examples"):format(folder, tree, folder)))
  for name, fixture in pairs(DUMPS) do
    fixture = (DUMPS_OF[page] or DUMPS)[name] or fixture
    assert(os.execute(("cp %s/spec/fixtures/%s %s/%s"):format(tree, fixture, folder, name)))
  end
  local wrapper = assert(io.open(folder .. "/bin/tcpstats-lua", "w"))
  wrapper:write(("#!/bin/sh\nexec timeout --preserve-status -s INT -k 10 %d %s \"$@\"\n"):format(SECONDS, bin))
  wrapper:close()
  assert(os.execute(("chmod +x %s/bin/tcpstats-lua"):format(folder)))
  return folder
end

local function save(folder, block)
  local name = block:match 'name = "([%w-]+)"'
  local is_script = block:find "^return {" or block:find "\nreturn {" or block:find "tcpstats%.Script"
  if not is_script then return nil end
  assert(name, "a script in a page has a name, which is its file's:\n" .. block)
  local path = ("%s/%s.lua"):format(folder, name)
  local file <close> = assert(io.open(path, "w"))
  file:write(block)
  return path
end

for _, page in ipairs(pages()) do
  describe(page, function()
    local commands, blocks = read_page(page)
    local folder
    setup(function()
      folder = make_folder(page)
      for _, block in ipairs(blocks) do save(folder, block) end
    end)
    teardown(function() os.execute("rm -rf " .. folder) end)

    for i, block in ipairs(blocks) do
      it("shows Lua that works, block " .. i, function()
        local path = save(folder, block)
        if path then
          local out, err, code = support.run(("cd %s && %s --strict -c 2 -i 0.05 %s"):format(folder, bin, path))
          assert.equal(0, code, err .. out)
          assert.is_nil(err:find("error", 1, true), err)
          out, err, code = support.run(("cd %s && %s --strict -s macos:dump.bin,release=15 %s"):format(folder, bin, path))
          assert.equal(0, code, err .. out)
        elseif block:find("require \"tcpstats\"", 1, true) then
          local file = support.temporary(block)
          local _, err, code = support.run(("cd %s && timeout 300 %s %s"):format(folder, support.lua, file))
          os.remove(file)
          assert.equal(0, code, err)
        else
          assert(load(block, "=block"))
        end
      end)
    end

    if #commands > 0 then
      it("shows commands that work", function()
        for _, command in ipairs(commands) do
          if not is_elsewhere(command) then
            local _, err, code = support.run(("cd %s && PATH=%s/bin:$PATH && export PATH && set -e\n%s"):format(folder, folder, command))
            assert.equal(0, code, command .. "\n" .. err)
            assert.is_nil(err:find("error", 1, true), command .. "\n" .. err)
          end
        end
      end)
    end
  end)
end
