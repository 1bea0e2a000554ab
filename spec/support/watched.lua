--- Programs that use the watchdog: it belongs to a process, so each of them has one of its own.
local support = require "spec.support"

-- What a program prints; `core`, `runtime`, `guarded` (a handler that gives the message back) and `LIMIT` (50 ms) are there.
return function(program)
  local file = support.temporary([[
    local core = require "tcpstats.core"
    local runtime = require "tcpstats.runtime"
    local guarded = runtime.guard(function(message) return message end)
    local LIMIT = 50000000
    runtime.set_texts({ ran = "too long", waited = "waited", ends = "ends", memory = "too much" }, ": hangs\n")
    runtime.watch_coroutines()
  ]] .. program)
  local out, err = support.run(("timeout 300 %s %s"):format(support.lua, file))
  os.remove(file)
  return out .. err
end
