--- The options of the command line. Each stands here once: reading, --help, the manual page and the reference are made from this list.
--
-- A group has a title and its options. An option has
--   short, long   its names
-- and, where they apply,
--   value         what its value is called; an option without one is a flag
--   default       the word that counts when it is not given
--   bare          the value may be left out and then is this one; it is given as --name=VALUE only
--   help          what --help says: a phrase
--   more          what the manual page adds: sentences. `x` is set as code; a line that begins with "- " is an item of a list
--   of_script     after a script's name it applies to that script alone
--   set           function(configuration, section, word): stores the value, or returns what is wrong with it. `section` belongs to a script;
--                 before any script's name it holds what applies to all of them
local NO_LIMIT <const> = 0
local LEAST_MEMORY <const> = 1 << 20

-- A word as a number of seconds, or nil and what was expected.
local function seconds(word, least, most)
  local value = word:find "^%d*%.?%d*$" and tonumber(word)
  if value and value >= least and value <= most then return value end
  return nil, ("expected seconds from %g to %g, got '%s'"):format(least, most, word)
end

local function whole_number(word) return word:find "^%d+$" and math.tointeger(tonumber(word)) or nil end

local function set_schedule(c, _, word)
  local parsed, what = require("tcpstats.collect.schedule").parse(word)
  if not parsed then return what end
  for _, other in ipairs(c.schedules) do
    if other.name == parsed.name then return ("%s appears twice"):format(parsed.name) end
  end
  c.schedules[#c.schedules + 1] = parsed
end

local function set_memory(c, _, word)
  local bytes = require("tcpstats.output.units").size(word)
  if not bytes or bytes ~= NO_LIMIT and bytes < LEAST_MEMORY then return ("expected bytes as 64M, at least 1M, or 0, got '%s'"):format(word) end
  c.memory = bytes
end

local LOG_FORMATS <const> = { text = true, journal = true, json = true }
local FORMATS <const> = { "json", "flat", "protobuf" }

local function set_format(_, s, word)
  for _, format in ipairs(FORMATS) do
    if format == word then
      s.format = word
      return
    end
  end
  return ("unknown format '%s'%s"):format(word, require("tcpstats.suggest").hint(word, FORMATS, "there"))
end

return {
  {
    title = "What is collected",
    {
      short = "-i", long = "--interval", value = "SECS",
      help = "seconds between passes, 0.01 to 86400 (1); a recording is read as fast as possible unless this is given",
      more = "Fractions are allowed. Pass n is due at the start plus n intervals, so passes do not drift; ticks that go by during a pass are skipped "
        .. "and counted.",
      set = function(c, _, word)
        local value, what = seconds(word, 0.01, 86400)
        c.interval = value
        return what
      end,
    },
    {
      short = "-c", long = "--count", value = "N", default = "0", help = "number of passes, 0 until stopped or the recording ends",
      more = "With schedules the number counts for each of them, with a recording for all together.",
      set = function(c, _, word)
        c.count = whole_number(word)
        if not c.count then return ("expected a number of passes, 0 until stopped, got '%s'"):format(word) end
      end,
    },
    {
      short = "-s", long = "--source", value = "SPEC",
      help = "where sockets come from: auto (the default), or NAME[:FILE[,KEY=VALUE...]]; protobuf:FILE is a recorded stream, protobuf:- a piped one",
      more = "- `auto`, `linux`, `macos` or `freebsd` is the running kernel.\n"
        .. "- `NAME:FILE[,KEY=VALUE...]` reads the same raw bytes from a file, as in `macos:dump.bin,release=15`.\n"
        .. "- `capture:FILE` replays what `--record` kept.\n"
        .. "- `protobuf:FILE` reads a stream that the script `protobuf` wrote; `protobuf:-` reads standard input.\n"
        .. "`--list` prints all sources.",
      set = function(c, _, word) c.source = word end,
    },
    {
      long = "--record", value = "FILE", help = "also keep every raw answer of the kernel, for -s capture:FILE",
      more = "A file that is not empty is not replaced, unless `--overwrite` is given.",
      set = function(c, _, word) c.record = word end,
    },
    {
      long = "--overwrite", help = "--record may replace a file that is not empty",
      set = function(c) c.overwrite = true end,
    },
    { long = "--realtime", help = "replay a recording at its original speed", set = function(c) c.realtime = true end },
    {
      long = "--schedule", value = "NAME=INTERVAL",
      help = "passes with an interval of their own, as detail=30s,processes,tcp-info or all=5m,summary-only; may repeat",
      more = "The interval has a unit: ms, s, m or h. Each schedule has its own deltas, and each batch carries the name of its schedule. Schedules that "
        .. "are due together and want the same of the kernel share one dump.",
      set = set_schedule,
    },
    {
      long = "--no-events", help = "do not listen to the kernel for connections that end between passes",
      more = "With events, closed connections have their final counters, and those that no pass saw are among them. Linux.",
      set = function(c) c.endings = false end,
    },
    { short = "-p", long = "--processes", help = "look up the processes that own the sockets", set = function(c) c.processes = true end },
    {
      long = "--tcp-info", value = "N", bare = "0",
      help = "ask for the counters that cost one call per connection, at most N calls a pass (no limit); macOS",
      set = function(c, _, word)
        c.tcp_info, c.tcp_info_limit = true, whole_number(word)
        if not c.tcp_info_limit then return ("expected a number of calls, got '%s'"):format(word) end
      end,
    },
    {
      short = "-f", long = "--filter", value = "EXPR", of_script = true,
      help = "only these sockets: \"remote_port=443 include_state=established\"; before the scripts, the kernel is asked for no others",
      more = "Before the scripts it says which connections exist at all, and as much of it as the kernel understands is passed to the kernel. After a "
        .. "script's name it says which of them that script sees.",
      set = function(_, s, word)
        local filter, what = require("tcpstats.core").filter(word)
        s.filter = filter
        return what
      end,
    },
    {
      short = "-w", long = "--where", value = "EXPR", of_script = true,
      help = "only these sockets, as an expression: \"rtt_us > 50000 and remote_port == 443\"",
      set = function(_, s, word)
        require "tcpstats"
        local expression, what = require("tcpstats.where").compile(word)
        s.where = expression
        return what
      end,
    },
  },
  {
    title = "What is written",
    {
      short = "-x", long = "--script", value = "SCRIPT", help = "one more script over the same passes, with its own options; may repeat",
      more = "The options after its name apply to it.",
      set = function(_, _, word) return ("another script begins at -x %s"):format(word) end, -- words are cut there before options are read
    },
    {
      short = "-o", long = "--output", value = "URL", of_script = true,
      help = "- (standard output), a path, or SCHEME:..., see --list (-)", more = "Outputs are:\n@outputs",
      set = function(_, s, word)
        local scheme, what = require("tcpstats.output").parse(word)
        s.output = word
        return not scheme and what or nil
      end,
    },
    {
      long = "--format", value = "NAME", of_script = true,
      help = "the script of that name (json, flat or protobuf), or how the batches and sockets of your own scripts are written", set = set_format,
    },
    { long = "--pretty", of_script = true, help = "indented JSON, on many lines", set = function(_, s) s.pretty = true end },
    {
      long = "--strict-output", help = "end with 1 even when the reader of a pipe at a terminal goes away",
      more = "A run that lost rows reports them and ends with 1. Only when it was started at a terminal and its standard output is a pipe whose reader "
        .. "goes away, as `head` does, it ends quietly with 0.",
      set = function(c) c.strict_output = true end,
    },
  },
  {
    title = "Safety",
    {
      long = "--strict", help = "end the run with 1 at the first error of a script",
      more = "Without it an error loses the call in which it happened. It is reported with script, hook, line and traceback, at most three times per hook "
        .. "and minute; the rest are counted. After ten failing passes in a row a script ends, and the run ends with 1.",
      set = function(c) c.strict = true end,
    },
    {
      long = "--script-timeout", value = "SECS", help = "interrupt a script's call that runs longer, 0 never (5)",
      more = "Built-in scripts have no limit unless this gives one. What counts is the processor's time; all calls of one hook in one pass count as one. "
        .. "A loop is interrupted wherever it runs. A call that waits for something outside is interrupted after four times as long; a slow reader of the "
        .. "output does not count. A function of C that does not return cannot be interrupted: it ends the process with 1 after the same time again.",
      set = function(c, _, word)
        local value, what = seconds(word, 0.01, 86400)
        if word == "0" then value, what = NO_LIMIT, nil end
        c.timeout = value
        return what
      end,
    },
    {
      long = "--memory", value = "BYTES", default = "512M", help = "limit the memory of scripts, as 64M; 0 no limit",
      more = "The call of a script that wants more ends with an error; the run goes on. A pass of a capture that takes more ends the run: it is not read.",
      set = set_memory,
    },
    {
      long = "--sandbox", help = "for scripts that you did not write: no files, no commands, no packages",
      more = "Such a script can compute and emit; it cannot open other outputs or load bytecode either.",
      set = function(c) c.sandbox = true end,
    },
    {
      long = "--lua-path", value = "FOLDER", help = "find modules that scripts require below this folder too; may repeat",
      more = "Modules are looked for where they are installed, in the folders named here, and in a script's own folder. The working folder, "
        .. "LUA_PATH and LUA_CPATH are not searched.",
      set = function(_, _, word) return require("tcpstats.host.search").add(word) end,
    },
  },
  {
    title = "Information",
    { short = "-l", long = "--list", help = "list scripts, sources and outputs", set = function(c) c.task = c.task or "list" end },
    {
      long = "--info", value = "SCRIPT", help = "print a script's help and options",
      set = function(c, _, word) c.task, c.subject = "info", word end,
    },
    {
      long = "--check", value = "FILE", help = "load a script and check it against the contract, without running it",
      set = function(c, _, word) c.task, c.subject = "check", word end,
    },
    {
      long = "--log-format", value = "NAME", help = "how standard error is written: text, journal (<4> before a line) or json",
      more = "`journal` is the default where standard error goes to systemd's journal, else `text`. `json` is a line for each message, with `time`, "
        .. "`level`, `script` and `message`. Mistakes on the command line are reported as text.",
      set = function(c, _, word)
        if not LOG_FORMATS[word] then return ("expected text, journal or json, got '%s'"):format(word) end
        c.log_format = word
      end,
    },
    { short = "-v", long = "--verbose", help = "show what scripts log as debug", set = function(c) c.verbose = true end },
    {
      short = "-h", long = "--help", help = "print this text; after a script's name, what --info prints of it",
      set = function(c, s)
        if s.name then c.task, c.subject = "info", s.name else c.task = "help" end
      end,
    },
    { short = "-V", long = "--version", help = "print the version", set = function(c) c.task = "version" end },
  },
}
