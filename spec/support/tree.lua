--- Copies of the source tree, with what is built, for specs of the build itself.
local support = require "spec.support"

local tree = {}

local build = support.programs:gsub("/spec$", "")

--- A copy of the sources and of what is built of them, with their times: make has nothing to do there.
-- @return the path of a new folder; the caller removes it
function tree.copy()
  local path = os.tmpname()
  local _, err, code = support.run(([[
    rm -f %s; mkdir -p %s/build
    tar -c --exclude=./.git --exclude='./build*' --exclude=./dist . | tar -x -C %s
    cd '%s' && tar -c --exclude=./stage --exclude='./rock*' --exclude=./cross . | tar -x -C %s/build]]):format(path, path, path, build, path))
  assert(code == 0, err)
  return path
end

return tree
