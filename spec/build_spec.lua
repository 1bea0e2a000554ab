-- The Makefile and .ci/deps: what a verb needs, and when something is made again. On copies of the tree.
local support = require "spec.support"
local tree = require "spec.support.tree"

local sh = support.run

-- Runs a command in a folder; returns stdout and stderr as one text, and the exit code.
local function run_in(folder, command)
  local out, err, code = sh(("cd %s && unset MAKELEVEL && { %s\n}"):format(folder, command))
  return out .. err, code
end

-- The verbs that the Makefile and what it includes declare.
local function declared()
  local verbs = {}
  for _, path in ipairs { "Makefile", "bench.mk", "docs.mk", "cross.mk" } do
    for line in support.read(path):gmatch "\n%.PHONY: ([^\n]+)" do
      for verb in line:gsub("%$%(CROSS_TARGETS:%%=cross%-%%%)", ""):gmatch "%S+" do
        if verb ~= "FORCE" then verbs[#verbs + 1] = verb end
      end
    end
  end
  return verbs
end

local help = {}
for verb in sh("make help"):gmatch "  make (%S+)" do help[verb] = true end

describe("make help #tree", function()
  it("lists every verb", function()
    for _, verb in ipairs(declared()) do assert.is_true(help[verb], verb) end
  end)

  it("knows every verb that .github calls", function()
    local called = 0
    for line in support.read(".github/workflows/ci.yml"):gmatch "\n%s+%-? ?r?u?n?:? ?make ([^\n]+)" do
      for verb in line:gsub("%u[%u_]*=%S+", ""):gmatch "%S+" do
        assert.is_true(help[verb] or help["deps-%"] and verb:find "^deps%-" ~= nil, verb)
        called = called + 1
      end
    end
    assert.is_true(called > 10)
  end)
end)

describe(".ci/deps #tree", function()
  local folder, calls

  -- A folder with all commands of this machine but some; dpkg-query is never there, and apt-get writes down what it was called with, and fails.
  local function path_without(...)
    local path = ("%s/without-%s"):format(folder, table.concat({ ... }, "+"))
    local left_out = "dpkg-query"
    for _, name in ipairs { ... } do left_out = left_out .. " " .. name end
    sh(([[mkdir -p %s && IFS=: && for d in $PATH:/usr/sbin:/sbin; do ln -s $d/* %s/ 2>/dev/null; done; cd %s || exit; IFS=' '; rm -f %s apt-get sudo
      printf '#!/bin/sh\necho "$*" >>%s\necho "E: Could not get lock" >&2\nexit 100\n' >apt-get; chmod +x apt-get]]):format(path, path, path, left_out, calls))
    return path
  end

  -- Runs a command with such a PATH; returns stdout and stderr as one text, the exit code, and the calls of apt-get.
  local function run(path, command)
    os.remove(calls)
    -- the end of .ci/deps's own PATH would bring back what was left out
    local text, code = run_in(".", ("PATH=%s; export PATH; sed 's/^PATH=.*//' .ci/deps >%s/deps; %s"):format(path, folder, (command:gsub("DEPS", "sh " .. folder .. "/deps"))))
    local file = io.open(calls)
    local called = file and file:read "a"
    if file then file:close() end
    return text, code, called
  end

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    os.execute("mkdir " .. folder)
    calls = folder .. "/calls"
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  it("asks no package manager for anything while nothing is missing", function()
    local path = path_without()
    for _, verb in ipairs { "run", "test", "docs" } do
      local text, code, called = run(path, "DEPS " .. verb)
      assert.are.same({ "", 0 }, { text, code })
      assert.is_nil(called)
    end
  end)

  it("installs only what the verb lacks, and says what is still missing", function()
    local path = path_without("protoc-c", "jq")
    local text, code, called = run(path, "DEPS run")
    assert.are.equal(1, code)
    assert.truthy(text:find("deps: installing protobuf-c-compiler\n", 1, true), text)
    assert.truthy(text:find("deps: missing: command protoc-c\n", 1, true), text)
    assert.truthy(called:find("install [^\n]* protobuf%-c%-compiler\n"), called)
  end)

  it("looks for what a verb needs itself, not for what others need", function()
    local path = path_without("jq", "tmux", "busted")
    local text, code = run(path, "DEPS --check docs")
    assert.are.same({ "", 0 }, { text, code })
    text, code = run(path, "DEPS --check test")
    assert.are.same({ "deps: missing: command busted, command jq, command tmux\ndeps: make deps-test installs it\n", 1 }, { text, code })
    for _, verb in ipairs { "lint", "run", "fuzz", "bench" } do
      assert.is_nil(run(path, "DEPS --check " .. verb):find "jq")
      assert.is_nil(run(path, "DEPS --check " .. verb):find "tmux")
    end
  end)

  it("goes on without what a run can do without", function()
    local lacking = folder .. "/pkg-config-without-zstd"
    local file <close> = assert(io.open(lacking, "w"))
    file:write '#!/bin/sh\nfor word; do [ "$word" != libzstd ] || exit 1; done\nexec pkg-config "$@"\n'
    file:close()
    os.execute("chmod +x " .. lacking)
    local text, code = run(path_without(), ("PKG_CONFIG=%s; export PKG_CONFIG; DEPS run"):format(lacking))
    assert.are.equal(0, code)
    assert.truthy(text:find("deps: going on without: library libzstd\n", 1, true), text)
  end)

  it("names Debian's packages where it knows no package manager", function()
    local path = path_without("protoc-c")
    os.remove(path .. "/apt-get")
    local text, code = run(path, "DEPS run")
    assert.are.equal(1, code)
    assert.truthy(text:find("Debian's packages are protobuf-c-compiler\n", 1, true), text)
  end)

  it("has a row for every verb that asks for one", function()
    for _, path in ipairs { "Makefile", "bench.mk", "docs.mk" } do
      for verb in support.read(path):gmatch "[^-]deps%-([%l-]+)" do
        assert.are_not.equal(2, select(2, run_in(".", ".ci/deps --check " .. verb)), verb)
      end
    end
    assert.are.equal(2, select(2, run_in(".", ".ci/deps --check nonsense")))
  end)

  it("is what plain make points to", function()
    local text, code = run(path_without("protoc-c"), ("make BUILD=%s/build"):format(folder))
    assert.are_not.equal(0, code)
    assert.truthy(text:find("deps: missing: command protoc-c\ndeps: make deps installs it\n", 1, true), text)
  end)
end)

describe("make #tree", function()
  local copy

  setup(function() copy = tree.copy() end)
  teardown(function() os.execute("rm -r " .. copy) end)

  it("does nothing where nothing changed", function()
    local text, code = run_in(copy, "make -q all")
    assert.are.same({ "", 0 }, { text, code })
  end)

  it("compiles again with other flags", function()
    local text = run_in(copy, "make -n all CFLAGS=-O1")
    for _, file in ipairs { "csrc/base/status", "csrc/lua/module", "csrc/host/main", "gen/tcp_stats.pb-c" } do
      assert.truthy(text:find("-o build/" .. file .. ".o", 1, true), file)
    end
  end)

  it("removes a module from the binary that is removed from the tree", function()
    assert.truthy(support.read(copy .. "/build/tcpstats-lua"):find("PERCENTILE_FOR_SPEC", 1, true) == nil)
    local file <close> = assert(io.open(copy .. "/lua/tcpstats/of_a_spec.lua", "w"))
    file:write("return 'PERCENTILE_FOR_SPEC'\n")
    file:flush()
    local text, code = run_in(copy, "make -s all")
    assert.are.equal(0, code, text)
    assert.truthy(support.read(copy .. "/build/tcpstats-lua"):find("PERCENTILE_FOR_SPEC", 1, true))
    os.remove(copy .. "/lua/tcpstats/of_a_spec.lua")
    text, code = run_in(copy, "make -s all")
    assert.are.equal(0, code, text)
    assert.is_nil(support.read(copy .. "/build/tcpstats-lua"):find("of_a_spec", 1, true))
  end)

  it("makes the same bytes of the same sources at another path", function()
    local text, code = run_in(copy, "CC='gcc' && unset CCACHE_BASEDIR && mkdir -p deeper/still && cp -R csrc proto tools lua Makefile *.mk .ci deeper/still/ && "
      .. [[for d in . deeper/still; do
        (cd $d && rm -rf build && make -s CC=gcc build/csrc/host/main.o build/csrc/base/status.o build/gen/tcp_capture.pb-c.o build/gen/embedded_bytecode.o) || exit
      done
      for o in csrc/host/main csrc/base/status gen/tcp_capture.pb-c gen/embedded_bytecode; do cmp build/$o.o deeper/still/build/$o.o || exit; done]])
    assert.are.equal(0, code, text)
  end)
end)

describe(".ci/hardened #tree", function()
  local folder

  setup(function()
    folder = os.tmpname()
    os.execute(("rm %s && mkdir %s"):format(folder, folder))
    local file <close> = assert(io.open(folder .. "/a.c", "w"))
    file:write '#include <stdio.h>\nint main(int argc, char **argv) { char text[9]; sprintf(text, "%d%s", argc, *argv); return puts(text); }\n'
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  it("reports each protection that a file lacks", function()
    local text, code = run_in(folder, "gcc -O2 -U_FORTIFY_SOURCE -fno-stack-protector -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack -o bare a.c 2>/dev/null && "
      .. "gcc -c $(uname -m | sed -n s,x86_64,-fcf-protection=none,p) -o bare.o a.c; $OLDPWD/.ci/hardened bare bare.o a.c")
    assert.are.equal(1, code, text)
    for _, what in ipairs { "position independent", "executable stack", "read only after relocation", "addresses stay writable", "stack protector",
      "checks its room", support.run("uname -m") == "x86_64\n" and "control flow" or "" } do
      assert.truthy(text:find(what, 1, true), what .. " is not in: " .. text)
    end
  end)

  it("has nothing to say of files that have all of them", function()
    local text, code = run_in(folder, "gcc -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -pie -Wl,-z,relro,-z,now -o all a.c 2>/dev/null; "
      .. "$OLDPWD/.ci/hardened all")
    assert.are.same({ "", 0 }, { text, code })
  end)
end)

describe("make uninstall #tree", function()
  it("removes all that make install put there, and nothing else", function()
    local copy = tree.copy()
    local text, code = run_in(copy, [[mkdir -p to/usr/share/lua/5.4/tcpstats && echo mine >to/usr/share/lua/5.4/tcpstats/mine.lua
      make -s install PREFIX=/usr DESTDIR=$PWD/to >/dev/null && test -x to/usr/bin/tcpstats-lua && make -s uninstall PREFIX=/usr DESTDIR=$PWD/to >/dev/null
      find to -type f; find to -name tcpstats]])
    os.execute("rm -r " .. copy)
    assert.are.equal(0, code, text)
    assert.are.equal("to/usr/share/lua/5.4/tcpstats/mine.lua\nto/usr/share/lua/5.4/tcpstats\n", text)
  end)
end)
