local support = require "spec.support"

-- What tools/layers.lua says of a copy of the tree to which `change` (a shell command, in the copy) was done; and its exit code.
local function complaints(change)
  local folder = os.tmpname()
  local out, err, code = support.run(([[
    rm -f %s && mkdir %s && cp -R ARCHITECTURE.md csrc lua %s/ || exit 99
    checker=$PWD/tools/layers.lua && cd %s || exit 99
    %s
    %s $checker ARCHITECTURE.md csrc/*/*.[ch] $(find lua -name '*.lua')
    code=$?
    rm -rf %s
    exit $code]]):format(folder, folder, folder, folder, change, support.lua, folder))
  return out .. err, code
end

describe("tools/layers.lua", function()
  it("has nothing to say of the tree as it is", function()
    local text, code = complaints ":"
    assert.equal("", text)
    assert.equal(0, code)
  end)

  -- What is done to the copy, and what must be said of it.
  local changes = {
    { [[echo 'require "tcpstats.host"' >>lua/tcpstats/where/parse.lua]], "lua/tcpstats/where/parse.lua: requires tcpstats.host, which is not above " },
    { [[echo 'local x = require("tcpstats.output.file")' >>lua/tcpstats/batch.lua]], "lua/tcpstats/batch.lua: requires tcpstats.output.file, which is" },
    { [[echo 'require "tcpstats.runtime"' >>lua/tcpstats/collect/schedule.lua]], "lua/tcpstats/collect/schedule.lua: requires tcpstats.runtime, which" },
    { [[echo "require'tcpstats.host'" >>lua/tcpstats/text.lua]], "lua/tcpstats/text.lua: requires tcpstats.host, which is not above " },
    { [=[echo 'require[[tcpstats.host]]' >>lua/tcpstats/text.lua]=], "lua/tcpstats/text.lua: requires tcpstats.host, which is not above " },
    { [[echo 'require "tcpstats.no_such"' >>lua/tcpstats/host/report.lua]], "requires tcpstats.no_such, which does not exist" },
    { [[echo '#include "collect/collect.h"' >>csrc/parse/linux_proc.c]], "csrc/parse/linux_proc.c: includes collect/collect.h, which is not above csrc/parse/" },
    { [[echo '#include "../source/source.h"' >>csrc/base/table.c]], "csrc/base/table.c: includes ../source/source.h, which is not above csrc/base/" },
    { [[echo '#include "tcpsl.h"' >>csrc/lua/tcpsl.h]], "csrc/lua/tcpsl.h leads back to itself: csrc/lua/tcpsl.h -> csrc/lua/tcpsl.h" },
    { [[echo '#include <lua.h>' >>csrc/record/record.c]], "csrc/record/record.c: includes lua.h; only the bindings" },
    { [[echo '#include "lua/tcpsl.h"' >>csrc/lua/tcpsl.h]], "csrc/lua/tcpsl.h leads back to itself: csrc/lua/tcpsl.h -> csrc/lua/tcpsl.h" },
    { [[echo 'require "tcpstats.output"' >>lua/tcpstats/output/units.lua]], " -> lua/tcpstats/output/units.lua -> " },
    { [[mkdir lua/tcpstats/attic && echo 'return 1' >lua/tcpstats/attic/old.lua]], "lua/tcpstats/attic/old.lua: the table has no room for it" },
  }
  for _, one in ipairs(changes) do
    it("refuses: " .. one[1], function()
      local text, code = complaints(one[1])
      assert.truthy(text:find(one[2], 1, true), text)
      assert.equal(1, code)
    end)
  end

  it("takes a comment for what it is", function()
    local text, code = complaints [[echo '-- as in require "tcpstats.host"' >>lua/tcpstats/where/parse.lua]]
    assert.equal("", text)
    assert.equal(0, code)
  end)
end)
