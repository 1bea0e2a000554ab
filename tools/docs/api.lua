--- What is public, and where it is described: the one list of the classes of the editor's types and of the reference.
--
-- c     what the comments of csrc/lua/ call it: `batch:opened()`
-- lua   by file, what the file calls the table that its functions go into; a file that is not there yet is passed over
-- file  the module whose types stand in types/NAME.lua; a class without one goes with tcpstats
-- gives what a function gives of which nothing is said
-- fields  what it has that no description tells of; types: what its contract's entries are, where their words do not say
-- lax   for those who work on tcpstats: types may be missing, and it is not in doc/scripting.md
return {
  { name = "tcpstats", title = "The module", file = "tcpstats", lua = { ["lua/tcpstats/init.lua"] = "tcpstats" },
    text = 'What `require "tcpstats"` gives. Failure of the world returns `nil, text, code`; misuse raises.' },
  { name = "tcpstats.Batch", title = "Batch", call = "batch", c = "batch",
    lua = { ["lua/tcpstats/init.lua"] = "core.batch_methods", ["lua/tcpstats/batch.lua"] = "methods" },
    text = "The sockets of one pass, or a view of some of them. `#batch` is how many. A view has all of this too; nothing is copied for it." },
  { name = "tcpstats.Warning", fields = { "what string what went wrong", "code string", "offset integer the byte where, 0 when it is of no one byte" } },
  { name = "tcpstats.Group",
    fields = { "key any", "count integer how many sockets", "keys? any[] of a group by several keys, each", "[string] number? the aggregates by name" } },
  { name = "tcpstats.Groups", title = "Groups", call = "groups", list_of = "tcpstats.Group", lua = { ["lua/tcpstats/batch.lua"] = "Groups" },
    text = "What `batch:group_by` gives: a list of `{key=, count=, NAME=...}`, the largest first." },
  { name = "tcpstats.Socket", title = "Socket", call = "s", c = "socket",
    text = "One socket. `s.FIELD` is a [field](fields.md), `nil` when it is absent; a name that is no field raises. `pairs(s)` gives the fields that are\n"
      .. "there, `tostring(s)` a line like `ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000`. One proxy shows socket after socket: it is valid in its loop or\n"
      .. "hook only." },
  { name = "tcpstats.Filter", title = "Filter", call = "filter", c = "filter", text = "What `tcpstats.filter` gives; `tostring(filter)` is its text." },
  { name = "tcpstats.Expression", title = "Expression", call = "expression", lua = { ["lua/tcpstats/where.lua"] = "Expression" },
    text = "What `tcpstats.where` gives; `expression(s)` is its value, `tostring(expression)` its text." },
  { name = "tcpstats.Tracker", title = "Tracker", call = "tracker", c = "tracker", text = "Compares each batch with the one before it." },
  { name = "tcpstats.Source", title = "Source", call = "source", c = "source", text = "What `tcpstats.open` gives." },
  { name = "tcpstats.ScriptOption",
    fields = { 'type "number"|"integer"|"string"|"boolean"', "default? any", "help? string a line for --info", "many? boolean may be given several times, and is a list",
      "choices? string[]", "min? number", "max? number" } },
  { name = "tcpstats.Timer", fields = { "every number seconds", "run fun(ctx: tcpstats.Ctx)" } },
  { name = "tcpstats.Script", title = "A script's table", contract = "script", text = "What a script returns. Everything in it may be left out.",
    types = { options = "table<string, tcpstats.ScriptOption>", timers = "tcpstats.Timer[]", save = "table" } },
  { name = "tcpstats.Ctx", title = "ctx", call = "ctx", contract = "ctx", borrow = "tcpstats.alerting",
    text = "What every hook gets as its last argument. It is read-only; reading what is not there raises.",
    types = { options = "table<string, any>", state = "table", since_ns = "integer?", batch = "tcpstats.Batch", format = "string?",
      schedule = "{ name?: string, interval_ms?: integer, processes?: boolean, tcp_info?: boolean, summary_only?: boolean }" } },
  { name = "tcpstats.Alarm", title = "Alarm", call = "alarm", lua = { ["lua/tcpstats/alerting.lua"] = "Alarm" }, text = "What `ctx:alarm` gives." },
  { name = "tcpstats.alerting", title = "tcpstats.alerting", file = "tcpstats.alerting", lua = { ["lua/tcpstats/alerting.lua"] = "alerting" },
    text = "The same functions for those who have no ctx: it is the first argument." , brief = true },
  { name = "tcpstats.text", title = "tcpstats.text", file = "tcpstats.text", lua = { ["lua/tcpstats/text.lua"] = "text" }, gives = "string",
    text = "Numbers, addresses and names for eyes." },
  { name = "tcpstats.core", file = "tcpstats.core", c = "core", lax = true },
}
