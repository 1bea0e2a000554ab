--- What the reference in doc/scripting.md shows, in its order.
--
-- class     as it is annotated: in lua/**, or in types/tcpstats/core.lua for what C gives
-- title     its heading
-- call      what an object of it is called there
-- contract  the list of lua/tcpstats/host/contract.lua that the class is made of instead; `text` is what is said of it
-- optional  every entry of that list may be missing
-- borrow    the module whose functions the class has as methods
-- brief     its functions are not repeated in the reference
return {
  { class = "tcpstats", title = "The module" },
  { class = "tcpstats.CollectorOptions", title = "Options of collectors", call = "options" },
  { class = "tcpstats.Batch", title = "Batch", call = "batch" },
  { class = "tcpstats.Groups", title = "Groups", call = "groups" },
  { class = "tcpstats.Socket", title = "Socket", call = "s" },
  { class = "tcpstats.Filter", title = "Filter", call = "filter" },
  { class = "tcpstats.Expression", title = "Expression", call = "expression" },
  { class = "tcpstats.Tracker", title = "Tracker", call = "tracker" },
  { class = "tcpstats.Source", title = "Source", call = "source" },
  { class = "tcpstats.Collector", title = "Collector", call = "collector" },
  { class = "tcpstats.Script", title = "A script's table", contract = "script", optional = true, text = "What a script returns. Every key may be missing." },
  {
    class = "tcpstats.ScriptOption", title = "A script's option", call = "option", contract = "option", optional = true,
    text = "An entry of a script's `options`. Only `type` is required.",
  },
  { class = "tcpstats.Timer", title = "A script's timer", call = "timer", contract = "timer", text = "An entry of a script's `timers`." },
  {
    class = "tcpstats.Ctx", title = "ctx", call = "ctx", contract = "ctx", borrow = "tcpstats.alerting",
    text = "What every hook gets as its last argument. It is read-only; reading a member that does not exist raises.",
  },
  {
    class = "tcpstats.EmitOptions", title = "Options of emit", call = "options", contract = "emit_options", optional = true,
    text = "How `ctx:emit` and `output:write` write a batch or a socket.",
  },
  { class = "tcpstats.Output", title = "Output", call = "output", contract = "output", text = "What `ctx:output` returns." },
  { class = "tcpstats.OutputAccount", title = "Account", call = "account", contract = "account", text = "What became of the rows of an output." },
  { class = "tcpstats.Alarm", title = "Alarm", call = "alarm" },
  { class = "tcpstats.alerting", title = "tcpstats.alerting", brief = true },
  { class = "tcpstats.text", title = "tcpstats.text" },
  { class = "tcpstats.where", title = "tcpstats.where" },
  { class = "tcpstats.columns", title = "tcpstats.columns" },
  { class = "tcpstats.terminal", title = "tcpstats.terminal" },
}
