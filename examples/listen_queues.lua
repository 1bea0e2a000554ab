-- Which listeners are about to lose connections? A listener whose accept queue is full accepts no more.
--
--   $ tcpstats-lua --processes -c 1 examples/listen_queues.lua --share 0
--    75%  3 of 4  127.0.0.1:8082  python3[7468]
--   0.00%  0 of 16  127.0.0.1:8085  python3[7468]
--   0.00%  0 of 16  127.0.0.1:8084  python3[7468]
--   0.00%  0 of 16  127.0.0.1:8081  python3[7468]
--   0.00%  0 of 16  127.0.0.1:8083  python3[7468]
--   0.00%  0 of 16  *:8080  python3[7468]
local text = require "tcpstats.text"

return {
  help = "listeners whose accept queue is nearly full",
  options = { share = { type = "number", default = 0.5, min = 0, max = 1, help = "show listeners whose queue is filled to at least this share" } },
  filter = "include_state=listen",

  init = function(ctx) ctx:wants { "command", "pid" } end,

  on_batch = function(batch, ctx)
    local lost = batch.summary and batch.summary.delta_listen_overflows
    local full = batch:filter(("accept_backlog > 0 and accept_queue >= accept_backlog * %.17g"):format(ctx.options.share))
    local lines = {}
    if lost and lost > 0 then lines[1] = ("%s lost since the previous pass"):format(text.plural(lost, "connection")) end
    for s in full:top(#full, "accept_queue / accept_backlog"):each() do
      lines[#lines + 1] = ("%4s  %d of %d  %s  %s"):format(
        text.percent(s.accept_queue / s.accept_backlog), s.accept_queue, s.accept_backlog, text.local_end(s), text.process(s) or "")
    end
    if #lines == 0 then lines[1] = ("none of %d listeners has a queue that is filled to %s"):format(#batch, text.percent(ctx.options.share)) end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
