--- The contract between the host and a script: what a script's table may have, and what ctx is. Each entry stands here once; validation, ctx itself,
-- the reference and the editor's types are made from these lists.
--
-- An entry has a name, a type as LuaCATS writes it, and help in sentences. A line of help that is indented is a line of an example or of a list.
local contract = {}

--- The table that a script returns. Every key may be missing.
contract.script = {
  { "name", "string", "Shown by --list and in messages. Default: the file's name without .lua." },
  { "help", "string", "One line for --list and --info." },
  { "options", "table<string, tcpstats.ScriptOption>",
    'The script\'s options by name: `{ rtt_ms = { type = "number", default = 200, help = "..." } }` is --rtt-ms on the command line and '
    .. "ctx.options.rtt_ms in hooks." },
  { "filter", "string",
    "In the filter language: the script sees a view of the sockets that match. If it is the only script and the filter names only ports, addresses, "
    .. "families or LISTEN, the kernel is asked for these sockets alone, and the summary counts only them." },
  { "init", "fun(ctx: tcpstats.Ctx)",
    "Called before the first pass. `error(text, 0)`, which has no position, rejects the command line: the text is printed and the exit status is 2." },
  { "on_open", "fun(s: tcpstats.Socket, ctx: tcpstats.Ctx)", "Called for each connection that this pass sees first; never in the first pass." },
  { "on_close", "fun(s: tcpstats.Socket, ctx: tcpstats.Ctx)", "Called with the last values of each connection that is gone." },
  { "on_socket", "fun(s: tcpstats.Socket, ctx: tcpstats.Ctx)",
    "Called for each connection of the pass. `s` is one proxy that shows socket after socket; it is valid until the hook returns, and s:copy() keeps one. "
    .. "An error in a hook loses only that call." },
  { "on_batch", "fun(batch: tcpstats.Batch, ctx: tcpstats.Ctx)",
    "Called with the whole pass. The hooks of a pass run in the order on_open, on_close, on_socket, on_batch." },
  { "timers", "tcpstats.Timer[]", "`{ { every = SECONDS, run = function(ctx) end } }`" },
  { "on_input", "fun(bytes: string, ctx: tcpstats.Ctx)",
    'Called with what was typed: standard input is read as it comes if a script has this hook. "" is its end.' },
  { "on_resize", "fun(ctx: tcpstats.Ctx)", "Called when the terminal has changed its size." },
  { "save", "fun(ctx: tcpstats.Ctx): table", "Called before a reload: the new script's restore gets what the old one's save returns." },
  { "restore", "fun(t: table, ctx: tcpstats.Ctx)", "Called after a reload and after init, with what save returned." },
  { "on_failure", "fun(what: string, options: table<string, any>): integer?, string?",
    "Called, instead of everything else, if the source cannot be opened: returns the exit status and a line for standard output." },
  { "stop", "fun(ctx: tcpstats.Ctx)", "Called at the end, and for the old script after a reload." },
}

--- One of a script's options.
contract.option = {
  { "type", '"number"|"integer"|"string"|"boolean"', "Of its value. A boolean is a flag, --name; if its default is true, --no-name turns it off." },
  { "default", "any", "A value of that type. Without one ctx.options.NAME is nil until the option is given." },
  { "help", "string", "One line for --info." },
  { "many", "boolean", "The option may be given several times; its value is a list, and so is its default." },
  { "choices", "string[]", "The allowed values of a string." },
  { "min", "number", "The smallest allowed number." },
  { "max", "number", "The largest allowed number." },
}

--- One of a script's timers.
contract.timer = {
  { "every", "number", "Seconds, at least 0.01." },
  { "run", "fun(ctx: tcpstats.Ctx)", "Called between passes." },
}

--- What every hook gets as its last argument.
contract.ctx = {
  { "name", "string", "The script's name." },
  { "options", "table<string, any>", "The values of the script's options." },
  { "state", "table", "A table for the script's own values. It outlives passes and is new after a reload, see save and restore." },
  { "now_ns", "integer",
    "When the pass was made, in nanoseconds since the epoch. For a recording it is the recorded time, in a timer or in init the current one. The clock may "
    .. "step: use it to name a time, not to measure one." },
  { "elapsed_ns", "integer",
    "Nanoseconds since the run began, by a clock that never steps; for a recording by its own time. Measure durations, hold-downs and rate limits with it." },
  { "since_ns", "integer?",
    "Nanoseconds between this pass and the previous one of the same schedule, the divisor of rates. nil in the first pass." },
  { "schedule", "{ name?: string, interval_ms?: integer, processes?: boolean, tcp_info?: boolean, summary_only?: boolean }?",
    "The schedule of the pass: name, interval_ms, processes, tcp_info, summary_only. nil outside of a pass." },
  { "batch", "tcpstats.Batch?", "The pass as this script sees it, also in on_socket, on_open and on_close. nil outside of a pass." },
  { "live", "boolean", "Whether the running kernel is asked; false for a recording." },
  { "format", "string?", "What --format said; nil if it was not given." },
  { "emit", "fun(self: tcpstats.Ctx, x: tcpstats.Batch|tcpstats.Socket|table|string, options?: tcpstats.EmitOptions)",
    "Writes to the script's output (-o, by default standard output):\n"
    .. "  a batch   one BatchMessage\n"
    .. "  a socket  one line of flat JSON, unless --format or options.format says otherwise\n"
    .. "  a table   one line of JSON, as of tcpstats.json\n"
    .. "  a string  as it is; newlines are up to you\n"
    .. "Nothing waits for a reader or a disk. Rows that cannot be written are counted and reported, and the run then ends with 1." },
  { "output", "fun(self: tcpstats.Ctx, url: string): tcpstats.Output",
    "Another output, the same one for the same URL. Raises if it cannot be opened." },
  { "flush", "fun(self: tcpstats.Ctx)", "Writes what was emitted now rather than at the end of the pass, as far as its reader takes it." },
  { "account", "fun(self: tcpstats.Ctx): tcpstats.OutputAccount",
    "What became of the rows of the script's output, of all scripts that write to it: collected = written + unknown + waiting + all of dropped." },
  { "isatty", "fun(self: tcpstats.Ctx): boolean", "Whether the script's output is a terminal." },
  { "wants", "fun(self: tcpstats.Ctx, names: string[]): table<string, string>",
    "Says in init that the script reads these fields: if one is an owner's field, owners are looked up as with --processes. (Filters and --where say so "
    .. "themselves.) Returns those that this run can never know, each with the reason." },
  { "log", 'fun(self: tcpstats.Ctx, level: "error"|"warning"|"info"|"debug", format: string, ...: any)',
    "Writes a line to standard error, prefixed with the script's name. The format is that of string.format. debug is shown with --verbose." },
  { "stop", "fun(self: tcpstats.Ctx, code?: integer, message?: string)",
    "Ends the run after this pass with an exit status from 0 to 125 (0); of several the largest counts." },
}

--- How a batch or socket is written.
contract.emit_options = {
  { "format", '"json"|"flat"|"protobuf"|"csv"',
    "Of a batch; a socket is written as json, flat or protobuf. Default: that of --format, else json for a batch and flat for a socket." },
  { "pretty", "boolean", "Indented, for json." },
  { "addresses", '"base64"|"text"', "For json: base64 loads as protobuf JSON." },
  { "fields", "string[]", "The columns, for csv." },
  { "header", "boolean", "Whether the output, or each file of it, begins with the line of names, for csv (true)." },
  { "defuse", "boolean", "Whether a text that spreadsheets take for a formula has a `'` before it, for csv (false)." },
}

--- What ctx:output returns.
contract.output = {
  { "url", "string", "What it was opened with." },
  { "write", "fun(self: tcpstats.Output, x: tcpstats.Batch|tcpstats.Socket|table|string, options?: tcpstats.EmitOptions)", "As ctx:emit." },
  { "flush", "fun(self: tcpstats.Output)", "As ctx:flush." },
  { "isatty", "fun(self: tcpstats.Output): boolean", "As ctx:isatty." },
  { "account", "fun(self: tcpstats.Output): tcpstats.OutputAccount", "As ctx:account." },
  { "close", "fun(self: tcpstats.Output)", "Closes it when it has written what it was given; the next write opens it again." },
}

--- What became of the rows of an output. A row is a socket of a batch, or an emitted socket, table or string.
contract.account = {
  { "collected", "integer", "Rows that scripts gave to it." },
  { "written", "integer", "Rows that the system took: in a file, or on their way to a reader." },
  { "unknown", "integer", "Rows that the system took, for a reader that went away and may not have had them." },
  { "waiting", "integer", "Rows that are still to be written." },
  { "dropped", "table<string, integer>",
    "Rows that were dropped, by reason: buffer (it was full), disk, reader (it did not take them), refused (nobody listens), size (larger than a datagram), "
    .. "form (the file has another one), system." },
}

--- Lua's type of what an entry is: "any" allows all.
---@param entry string[] of one of the lists above
---@return string
function contract.type_of(entry)
  local annotation = entry[2]
  if annotation:find "^fun%(" then return "function" end
  if annotation:find '^"' then return "string" end
  return annotation:match "^%l+$" or "table"
end

--- A list by name.
---@param list string[][] one of the lists above
---@return table<string, string[]>
function contract.by_name(list)
  local map = {}
  for _, entry in ipairs(list) do map[entry[1]] = entry end
  return map
end

return contract
