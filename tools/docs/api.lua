--- What is public, and where it is described: the one list of the classes of the editor's types and of the reference.
--
-- name      of the class; one with `file` is a module, whose types stand in types/FILE.lua, and one without goes with tcpstats
-- title     its heading in the reference; without one it is not there
-- call      what an object of it is called in the reference
-- text      what is said of it
-- c         what the comments of csrc/lua/ call it: `batch:opened()`
-- lua       by file, what the file calls the table that its functions go into; a file that is not there is passed over
-- contract  the list of lua/tcpstats/host/contract.lua that it is
-- borrow    the module whose functions it has as methods
-- methods   only its methods are public, not what its module has besides
-- gives     what a function gives of which nothing is said
-- fields    what it has that no description tells of, as after ---@field
-- meta      lines of annotations more
-- brief     its functions are not told again in the reference
-- lax       for those who work on tcpstats: types may be missing, and it is not in the reference
return {
  {
    name = "tcpstats", title = "The module", file = "tcpstats", lua = { ["lua/tcpstats/init.lua"] = "tcpstats" },
    text = 'What `require "tcpstats"` gives. Failure of the world returns `nil, text, code`; misuse raises.',
  },
  {
    name = "tcpstats.Batch", title = "Batch", call = "batch", c = "batch", meta = { "operator len: integer" },
    lua = { ["lua/tcpstats/init.lua"] = "core.batch_methods", ["lua/tcpstats/batch.lua"] = "methods" },
    text = "The sockets of one pass, or a view of some of them. `#batch` is how many. A view has all of this too; nothing is copied for it.",
  },
  { name = "tcpstats.Warning", fields = { "what string what went wrong", "code string", "offset integer the byte where, 0 when it is of no one byte" } },
  {
    name = "tcpstats.Group",
    fields = { "key any", "count integer how many sockets", "keys? any[] of a group by several keys, each", "[string] number? the aggregates by name" },
  },
  {
    name = "tcpstats.Groups", title = "Groups", call = "groups", list_of = "tcpstats.Group", lua = { ["lua/tcpstats/batch.lua"] = "Groups" },
    text = "What `batch:group_by` gives: a list of `{key=, count=, NAME=...}`, the largest first.",
  },
  {
    name = "tcpstats.Socket", title = "Socket", call = "s", c = "socket", message = "TcpSocketRecord",
    text = "One socket. `s.FIELD` is a [field](fields.md), `nil` when it is absent; a name that is no field raises. `pairs(s)` gives the fields that\n"
      .. "are there, `tostring(s)` a line like `ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000`. One proxy shows socket after socket: it is valid in\n"
      .. "its loop or hook only.",
  },
  { name = "tcpstats.Filter", title = "Filter", call = "filter", c = "filter", text = "What `tcpstats.filter` gives; `tostring(filter)` is its text." },
  {
    name = "tcpstats.Expression", title = "Expression", call = "expression", lua = { ["lua/tcpstats/where/expression.lua"] = "Expression" },
    meta = { "overload fun(s: tcpstats.Socket, seconds?: number): any" },
    fields = { "text string", 'type "boolean"|"integer"|"number"|"text"|"mixed"', "fields string[] the fields it reads" },
    text = "What `tcpstats.where` gives; `expression(s)` is its value, `tostring(expression)` its text.",
  },
  { name = "tcpstats.Tracker", title = "Tracker", call = "tracker", c = "tracker", text = "Compares each batch with the one before it." },
  { name = "tcpstats.Source", title = "Source", call = "source", c = "source", text = "What `tcpstats.open` gives." },
  {
    name = "tcpstats.Collector", title = "Collector", call = "collector", methods = true, lua = { ["lua/tcpstats/collect/collector.lua"] = "collector" },
    text = "What `tcpstats.collector` gives: passes one after the other over a source, of one schedule or several.",
  },
  { name = "tcpstats.RawTerminal", fields = { "restore fun(self: tcpstats.RawTerminal)" } },
  { name = "tcpstats.Output", title = "Output", call = "output", contract = "output", text = "What `ctx:output` returns." },
  { name = "tcpstats.EmitOptions", title = "How it is written", contract = "emit_options", text = "The options of `ctx:emit` and `output:write`." },
  { name = "tcpstats.ScriptOption", title = "A script's option", contract = "option", text = "An entry of a script's `options`." },
  { name = "tcpstats.Timer", title = "A script's timer", contract = "timer", text = "An entry of a script's `timers`." },
  {
    name = "tcpstats.Script", title = "A script's table", contract = "script", text = "What a script returns. Everything in it may be left out.",
  },
  {
    name = "tcpstats.Ctx", title = "ctx", call = "ctx", contract = "ctx", borrow = "tcpstats.alerting",
    text = "What every hook gets as its last argument. It is read-only; reading what is not there raises.",
  },
  { name = "tcpstats.Alarm", title = "Alarm", call = "alarm", lua = { ["lua/tcpstats/alerting.lua"] = "Alarm" }, text = "What `ctx:alarm` gives." },
  {
    name = "tcpstats.alerting", title = "tcpstats.alerting", file = "tcpstats.alerting", brief = true,
    lua = { ["lua/tcpstats/alerting.lua"] = "alerting" },
    text = "What `ctx` has of it, as functions whose first argument is the ctx.",
  },
  {
    name = "tcpstats.text", title = "tcpstats.text", file = "tcpstats.text", lua = { ["lua/tcpstats/text.lua"] = "text" }, gives = "string",
    text = "Numbers, addresses and names for eyes.",
  },
  {
    name = "tcpstats.where", title = "tcpstats.where", file = "tcpstats.where", lua = { ["lua/tcpstats/where/init.lua"] = "where" },
    text = 'What `require "tcpstats.where"` gives: expressions, also over many sockets, for scripts that take them as options.',
  },
  {
    name = "tcpstats.columns", title = "tcpstats.columns", file = "tcpstats.columns", lua = { ["lua/tcpstats/columns.lua"] = "columns" },
    text = "Columns of sockets for eyes, as `table` and `top` show them.",
  },
  {
    name = "tcpstats.terminal", title = "tcpstats.terminal", file = "tcpstats.terminal", lua = { ["lua/tcpstats/terminal.lua"] = "terminal" },
    text = "The terminal: its size and its colors.",
  },
  { name = "tcpstats.core", file = "tcpstats.core", c = "core", lax = true },
  { name = "tcpstats.runtime", file = "tcpstats.runtime", c = "runtime", lax = true },
}
