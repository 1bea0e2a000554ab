-- ARCHITECTURE's table "Where do I add ...", tried on a copy of the tree: what a row says is enough, and each line left out makes some check fail.
local support = require "spec.support"
local tree = require "spec.support.tree"

local copy

-- A change: `text` after the first match of a pattern in a file, or a new file.
local function after(path, pattern, text) return { path = path, pattern = pattern, text = text } end
local function new(path, text) return { path = path, text = text } end

-- Writes a file of the copy, unless it has that text: make goes by its time.
local function write(path, text)
  local there = io.open(copy .. "/" .. path)
  local same = there and there:read "a" == text
  if there then there:close() end
  if same then return end
  os.execute(("mkdir -p %s/%s"):format(copy, path:match "^(.*)/" or "."))
  local file <close> = assert(io.open(copy .. "/" .. path, "w"))
  assert(file:write(text))
end

-- Makes changes in the copy, all of them but one.
local function apply(changes, but)
  local texts = {}
  for _, c in ipairs(changes) do
    if c == but then
      if c.pattern then texts[c.path] = texts[c.path] or support.read(c.path) else os.remove(copy .. "/" .. c.path) end
    else
      local text = c.pattern and (texts[c.path] or support.read(c.path)) or ""
      local _, last = text:find(c.pattern or "^")
      assert(last, ("%s has no %s"):format(c.path, c.pattern))
      texts[c.path] = text:sub(1, last) .. c.text .. text:sub(last + 1)
    end
  end
  for path, text in pairs(texts) do write(path, text) end
end

local function undo(changes)
  for _, c in ipairs(changes) do
    if c.pattern then write(c.path, support.read(c.path)) else os.remove(copy .. "/" .. c.path) end
  end
end

-- Runs a command in the copy, with its Lua and the modules that are built there; returns whether it succeeded, and what it said.
local function run(command)
  local out, err, code = support.run(([[cd %s && unset TCPSTATS_PREFIX MAKELEVEL && export TCPSTATS_BIN=$PWD/run && export LUA_CPATH="$PWD/build/lib/?.so;;" &&
    export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;./?.lua;;" && { %s
    }]]):format(copy, command))
  return code == 0, out .. err
end

local function specs(file, name)
  return ("%s $(command -v busted) -o TAP --lpath= --cpath= %s %s"):format(support.lua, name and ("--filter='%s'"):format(name) or "", file)
end

local function compiles(path) return ("make -s CFLAGS=-O0 build/%s.o"):format(path) end

local REGISTRIES <const> = specs "spec/registries_spec.lua"
local LAYERS <const> = support.lua .. " tools/layers.lua ARCHITECTURE.md $(ls csrc/*/*.[ch])"
local MAKE_DOCS <const> = support.lua .. " tools/docs/main.lua"
local CHECK_DOCS <const> = MAKE_DOCS .. " --check"
local MACOS <const> = "./run -s macos:spec/fixtures/macos/15/n7.bin,release=15 "
local LINUX <const> = "./run -s linux:spec/fixtures/linux/kernel-6.18.bin "
local IN_LIST <const> = specs("spec/examples_spec.lua", "is in this list")

-- What fails without a change: a command, or nothing, since without the others' first nothing is left that could be wrong.
local NOTHING <const> = false

-- By what the table's first column says. `changes`: in the order of the row; `works`: a command that succeeds with them; `tells`: for each change what fails
-- without it; `docs`: the row says `make docs`, and make docs-check fails until that was done. `fails`: what fails with the first change alone. `compiled`:
-- it is built, together with the others of that kind.
local trials = {
  ["field of a socket"] = {
    compiled = true, docs = true,
    changes = {
      after("proto/tcp_stats.proto", "\n  optional uint32 rto_us = 18;", "\n  // Of a spec. Linux: tcpi_rto.\n  optional uint32 of_a_spec_us = 9999;"),
      after("csrc/parse/linux_tcpinfo.c", "\n    tcps_read32%(r, TCPS_F_rto_us, s, TCPI_RTO%);", "\n    tcps_read32(r, TCPS_F_of_a_spec_us, s, TCPI_RTO);"),
    },
    works = LINUX .. "-w 'of_a_spec_us == rto_us' flat | grep -q of_a_spec_us",
    tells = { NOTHING, REGISTRIES },
  },
  ["system counter"] = {
    compiled = true, docs = true,
    changes = {
      after("proto/tcp_stats.proto", "\n  optional uint64 delta_time_wait_overflows = 146;", "\n  // Of a spec. Linux: TCPTimeouts.\n  optional uint64 delta_of_a_spec = 999;"),
      after("csrc/parse/linux_netstat.c", '\n    {WORD%("TCPTimeouts"%), TCPS_S_delta_timeouts},', '\n    {WORD("TCPTimeouts"), TCPS_S_delta_of_a_spec},'),
    },
    works = REGISTRIES,
    tells = { NOTHING, REGISTRIES },
  },
  ["platform"] = {
    compiled = true,
    changes = {
      new("csrc/source/plan9.c", '#include "source/source.h"\nextern const tcps_source_class tcps_source_plan9;\n'
        .. 'static const tcps_spec_key keys[] = {{0}};\n'
        .. 'const tcps_source_class tcps_source_plan9 = {\n    .name = "plan9",\n    .help = "Plan 9",\n    .keys = keys,\n};\n'),
      after("csrc/source/registry.c", "extern const tcps_source_class tcps_source_linux", ", tcps_source_plan9"),
      after("csrc/source/registry.c", "tcps_sources%[%] = {&tcps_source_linux", ", &tcps_source_plan9"),
    },
    works = REGISTRIES,
    tells = { REGISTRIES, compiles "csrc/source/registry", REGISTRIES },
  },
  ["question to the system"] = {
    changes = {
      after("csrc/kernel/live_linux.c", "\n    case TCPS_ASK_CLOCK: [^\n]*", "\n    case TCPS_ASK_OF_A_SPEC: return 0;"),
      after("csrc/kernel/kernel.h", "\n    TCPS_ASK_CLOCK = 1,[^\n]*", "\n    TCPS_ASK_OF_A_SPEC = 9999,"),
    },
    works = compiles "csrc/kernel/live_linux",
    tells = { NOTHING, compiles "csrc/kernel/live_linux" },
  },
  ["output"] = {
    changes = {
      new("lua/tcpstats/output/null.lua", [[
        local file = require "tcpstats.output.file"
        return { help = "nothing", about = "Nothing.", keys = {}, open = function() return file.open("/dev/null", {}) end }
      ]]),
      after("lua/tcpstats/output/init.lua", 'output%.schemes = { "file"', ', "null"'),
    },
    works = "./run --list | grep -q 'null: *nothing' && " .. REGISTRIES,
    tells = { REGISTRIES, REGISTRIES },
  },
  ["built-in script"] = {
    changes = {
      new("lua/tcpstats/scripts/counting.lua", [[return { help = "counts", on_batch = function(batch, ctx) ctx:emit(#batch .. "\n") end }]]),
      after("lua/tcpstats/host/script.lua", 'script%.builtin = { "alert"', ', "counting"'),
    },
    works = MACOS .. "counting | grep -qx 7 && " .. REGISTRIES,
    tells = { REGISTRIES, REGISTRIES },
  },
  ["option of the command line"] = {
    docs = true,
    changes = {
      after("lua/tcpstats/host/cli/options.lua", '\n    title = "What is collected",',
        '\n    { long = "--of-a-spec", help = "does nothing", more = "Really nothing.", set = function(c) c.of_a_spec = true end },'),
    },
    works = "./run --of-a-spec -V && ./run --help | grep -q of-a-spec",
    tells = { "./run --of-a-spec -V" },
  },
  ["hook, key of a script, member of `ctx`"] = {
    docs = true,
    changes = {
      after("lua/tcpstats/host/contract.lua", '\n  { "on_resize", [^\n]*', '\n  { "on_whim", "fun(ctx: tcpstats.Ctx)", "Called whenever." },'),
      after("lua/tcpstats/host/loop.lua", "\n", 'local function whim(host, self) require("tcpstats.host.instance").notify(host, self, "on_whim") end\n'),
    },
    works = REGISTRIES,
    tells = { NOTHING, REGISTRIES },
  },
  ["column of `table` and `top`"] = {
    changes = {
      after("lua/tcpstats/columns.lua", "\nlocal all = {", '\n  { name = "of_a_spec", title = "OF A SPEC", fields = { "local_port" } },'),
    },
    works = MACOS .. "table --columns of_a_spec | grep -q '^ *[0-9]'",
    tells = { MACOS .. "table --columns of_a_spec" },
  },
  ["function of expressions"] = {
    changes = {
      after("lua/tcpstats/where/functions.lua", "\nfunctions%.calls = {",
        '\n  of_a_spec = { call = function(n) return n - 1 end, arguments = { "number" }, result = "number" },'),
    },
    works = MACOS .. "-w 'of_a_spec(local_port) == local_port - 1' flat | grep -q local_port",
    tells = { MACOS .. "-w 'of_a_spec(local_port) == 0'" },
  },
  ["example"] = {
    changes = {
      new("examples/of_a_spec.lua", "-- How many?\n--\n--   $ tcpstats-lua -c 1 examples/of_a_spec.lua\n--   7\n"
        .. 'return { help = "how many", on_batch = function(batch, ctx) ctx:emit(#batch .. "\\n") end }\n'),
      after("spec/examples_spec.lua", "\nlocal examples = {", '\n  of_a_spec = { "%d" },'),
    },
    works = IN_LIST,
    tells = { IN_LIST, IN_LIST },
  },
  ["public function"] = {
    docs = true,
    changes = { -- at one place: the latter stands above the former
      after("lua/tcpstats/columns.lua", "\nlocal columns = {}\n", "function columns.of_a_spec(x) return x end\n"),
      after("lua/tcpstats/columns.lua", "\nlocal columns = {}\n", "\n--- What it is given.\n---@param x integer\n---@return integer\n"),
    },
    tells = { NOTHING, CHECK_DOCS },
  },
  ["filter directive"] = {
    compiled = true,
    changes = {
      after("csrc/filter/parse.c", '\n    {"command", TCPS_CLAUSE_WORDS, %.field = TCPS_F_command},', '\n    {"of_a_spec", TCPS_CLAUSE_WORDS, .field = TCPS_F_cc_algo},'),
    },
    works = LINUX .. "-f of_a_spec=reno -w 'cc_algo == \"reno\"' flat | grep -q reno && ! " .. LINUX .. "-f of_a_spec=reno -w 'cc_algo ~= \"reno\"' flat | grep .",
    tells = { NOTHING },
  },
  ["kind of filter directive"] = {
    changes = { after("csrc/filter/clause.h", "KIND%(WORDS, words%)", " \\\n    KIND(WHIM, whim)") },
    fails = { compiles "csrc/filter/values", compiles "csrc/filter/match" },
  },
  ["encoding"] = {
    compiled = true,
    changes = {
      new("csrc/encode/hex.h", '#include "encode/writer.h"\nstatic inline void tcps_hex(tcps_writer *w) { tcps_writer_put(w, "hex", 3); }\n'),
      after("csrc/encode/format.h", "TCPS_FORMATS%(FORMAT%)", ' FORMAT(HEX, "hex")'),
      after("csrc/encode/format.c", "\n    switch %(f%->kind%) {", "\n    case TCPS_FORMAT_HEX: tcps_hex(w); break;"),
      after("csrc/encode/format.c", '#include "encode/format.h"\n', '#include "encode/hex.h"\n'),
    },
    works = support.lua .. [[ -e 'assert(require("tcpstats").parse("macos", io.open("spec/fixtures/macos/15/n7.bin", "rb"):read "a", { release = 15 }):encode("hex") == "hex")']],
    tells = { compiles "csrc/encode/format", compiles "csrc/encode/format", compiles "csrc/encode/format", compiles "csrc/encode/format" },
  },
  ["fixture"] = {
    changes = {
      new("spec/fixtures/ss/of_a_spec.txt", "text\n"),
      after("spec/fixtures/ss.lua", "\nreturn {", '\n  { file = "of_a_spec", version = "" },'),
    },
    works = REGISTRIES,
    tells = { REGISTRIES, REGISTRIES },
  },
  ["fuzzer"] = {
    changes = { new("fuzz/of_a_spec.c", "int LLVMFuzzerTestOneInput(void);\nint LLVMFuzzerTestOneInput(void) { return 0; }\n") },
    works = "make -pn help | grep -q '^FUZZERS := .*build-fuzz/of_a_spec'",
    tells = { "make -pn help | grep -q '^FUZZERS := .*build-fuzz/of_a_spec'" },
  },
  ["room"] = {
    changes = {
      new("csrc/cellar/wine.c", '#include "base/status.h"\nint tcps_wine(void);\nint tcps_wine(void) { return TCPS_OK; }\n'),
      after("ARCHITECTURE.md", "\n| base | [^\n]*", "\n| cellar | wine | `csrc/cellar/` |"),
    },
    works = LAYERS .. " && make -n all | grep -q build/csrc/cellar/wine.o",
    tells = { NOTHING, LAYERS },
  },
}

local names = {}
for name in pairs(trials) do names[#names + 1] = name end
table.sort(names)

describe("what ARCHITECTURE.md says of adding #tree", function()
  setup(function()
    copy = tree.copy()
    write("run", ('#!/bin/sh\nexec %s "${0%%/*}/lua/tcpstats/bin.lua" "$@"\n'):format(support.lua))
    os.execute(("chmod +x %s/run"):format(copy))
  end)
  teardown(function() os.execute("rm -r " .. copy) end)

  it("names everything that is tried here, and nothing else", function()
    local rows = {}
    for what in support.read("ARCHITECTURE.md"):match("| to add a .-\n\n"):gmatch "\n| ([^|]-) |" do
      if not what:find "^%-%-%-" then rows[#rows + 1] = what end
    end
    table.sort(rows)
    assert.same(names, rows)
  end)

  -- The tests of a row; `changes` are those of its trial, or of all that are built together.
  local function tests_of(name, changes)
    local trial = trials[name]
    local build = trial.compiled and "make -s CFLAGS=-O0 build/lib/tcpstats/core.so && " or ""
    describe("a " .. name, function()
      if not trial.compiled then after_each(function() undo(changes) end) end

      if trial.works then
        it("is enough", function()
          apply(changes)
          assert(run(build .. trial.works))
        end)
      end

      for i, command in ipairs(trial.tells or {}) do
        if command then
          it("is reported without line " .. i, function()
            apply(changes, trial.changes[i])
            assert.is_false((run(build .. command)))
          end)
        end
      end

      for i, command in ipairs(trial.fails or {}) do
        it("is not forgotten in place " .. i, function()
          assert(run(command))
          apply(trial.changes)
          assert.is_false((run(command)))
        end)
      end

      if trial.docs and not trial.compiled then
        it("wants make docs", function()
          assert(run(CHECK_DOCS))
          apply(trial.changes)
          assert.is_false((run(CHECK_DOCS)))
          assert(run(MAKE_DOCS))
          local fresh, said = run(CHECK_DOCS)
          undo(trial.changes)
          assert(run(MAKE_DOCS))
          assert(fresh, said)
        end)
      end
    end)
  end

  for _, name in ipairs(names) do
    if not trials[name].compiled then tests_of(name, trials[name].changes) end
  end

  describe("what is built:", function()
    local all = {}
    for _, name in ipairs(names) do
      if trials[name].compiled then table.move(trials[name].changes, 1, #trials[name].changes, #all + 1, all) end
    end
    for _, name in ipairs(names) do
      if trials[name].compiled then tests_of(name, all) end
    end
  end)
end)
