local core = require "tcpstats.core"
local cli = {}
function cli.main(args)
  local source, what = core.open(args[1] or "auto")
  if not source then io.stderr:write("tcpstats-lua: ", what, "\n") return 1 end
  local batch
  batch, what = source:pass{}
  if not batch then io.stderr:write("tcpstats-lua: ", what, "\n") return 1 end
  batch:write(1, args[2] or "json", {pretty = args[3] == "pretty"})
  return 0
end
return cli
