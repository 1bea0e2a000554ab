--- Standard output. A reader that is slow slows the run: in a pipeline nothing is lost silently.
local descriptor = require "tcpstats.output.descriptor"
local runtime = require "tcpstats.runtime"

return {
  help = "standard output, which - names too",
  keys = {},
  open = function(target)
    if target ~= "" then return nil, "nothing follows stdout:", "EUSAGE" end
    runtime.pipe_room(1)
    local out = descriptor.new(1)
    function out.reopen() return true end
    function out:close() return self:flush() end
    return out
  end,
}
