-- top in a real terminal: the binary under tmux, typed at and looked at.
local run_alone = require("spec.support.ctx").run
local support = require "spec.support"

-- With a shell: a user that runs services may have none of its own.
local tmux = ("SHELL=/bin/sh tmux -L tcpstats-spec-%d -f /dev/null"):format(math.random(1 << 30))

local function sh(command)
  local out, err, code = support.run(command)
  assert.equal(0, code, command .. ": " .. err)
  return out
end

local function screen() return sh(tmux .. " capture-pane -p -t top") end

-- Waits until a function gives something other than nil and false; returns that.
local function wait_until(what, f)
  for _ = 1, 6000 do
    local result = f()
    if result then return result end
    os.execute "sleep 0.05"
  end
  error(("it never happened that %s:\n%s"):format(what, screen()), 3)
end

-- Waits until the screen shows a pattern; returns what it shows.
local function shows(pattern, plain)
  return wait_until("the screen showed " .. pattern, function()
    local now = screen()
    return now:find(pattern, 1, plain) and now
  end)
end

local function keys(text) sh(("%s send-keys -t top %s"):format(tmux, text)) end

describe("top", function()
  local listener, folder

  setup(function()
    listener = assert(require("socket").bind("127.0.0.1", 0))
    folder = os.tmpname()
    os.remove(folder)
    sh("mkdir " .. folder)
    sh(("%s new-session -d -s top -c %s -x 120 -y 20 'env PS1=\"$ \" HISTFILE= sh'"):format(tmux, folder))
    shows "%$"
  end)
  teardown(function()
    os.execute(tmux .. " kill-server 2>/dev/null")
    listener:close()
    os.execute("rm -rf " .. folder)
  end)

  local function port() return tostring(select(2, listener:getsockname())) end

  -- Runs top with the terminal's settings noted before and after.
  local function run(arguments)
    local command = ("sh -c \"echo \\$\\$ >%s/pid; exec %s -i 0.2 %s %s\""):format(folder, support.bin, arguments and arguments.script or "top",
      arguments and arguments.options or "")
    keys(("'clear; stty -a >before; %s; echo ended with $?; stty -a >new; mv new after' Enter"):format(command))
  end
  local function ended(code)
    shows(("ended with %d"):format(code))
    wait_until("the terminal's settings were noted", function() return (pcall(support.read, folder .. "/after")) end)
    assert.equal(support.read(folder .. "/before"), support.read(folder .. "/after"))
    assert.is_nil(screen():find("q quit", 1, true))
    assert.equal("1", sh(tmux .. " display-message -p -t top '#{cursor_flag}'"):sub(1, 1))
    assert.equal("0", sh(tmux .. " display-message -p -t top '#{alternate_on}'"):sub(1, 1))
    os.remove(folder .. "/after")
  end

  it("shows sockets, sorts, filters as it is typed, scrolls, stops and ends with q", function()
    run()
    local first = shows "q quit"
    assert.is_truthy(first:find("STATE", 1, true))
    assert.is_truthy(first:find("[t sent]", 1, true))
    keys "x"
    shows("[x retransmits]", true)
    keys "/"
    shows "filter: _"
    keys("-l 'local_port == '")
    shows "filter: local_port == _"
    keys("-l " .. port())
    local filtered = shows("filter: local_port == " .. port() .. "_   1 match", true)
    assert.is_truthy(filtered:find("127.0.0.1:" .. port(), 1, true))
    keys "Enter"
    shows("filter (expression): local_port == " .. port() .. ", 1 match", true)
    keys "/"
    keys "C-u"
    keys("-l no.such.thing")
    shows "filter: no.such.thing_   0 match"
    keys "BSpace"
    shows "filter: no.such.thin_"
    keys "Escape"
    shows "LISTEN .*127.0.0.1"
    keys "i"
    keys "Space"
    shows "STOPPED"
    keys "Space"
    keys "Down Up PageDown PageUp End Home"
    shows "q quit"
    keys "q"
    ended(0)
  end)

  it("begins with a filter and a sort that were asked for", function()
    run { options = ("--sort latency --search local_port=%s"):format(port()) }
    shows("filter (filter): local_port=" .. port() .. ", 1 match", true)
    shows("[l latency]", true)
    keys "q"
    ended(0)
  end)

  it("follows the size of the terminal", function()
    run()
    shows "q quit"
    sh(tmux .. " resize-window -t top -x 60 -y 8")
    local small = shows "RECV%-Q +SEND%-Q\n" -- these are left
    local _, lines = small:gsub("\n", "")
    assert.is_true(lines <= 8)
    for line in small:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 60, line) end
    sh(tmux .. " resize-window -t top -x 120 -y 20")
    shows "TX/s"
    -- tmux draws what it had at that size, and passes the size on a quarter of a second later
    local tty = sh(tmux .. " display-message -p -t top '#{pane_tty}'"):match "%S+"
    wait_until("the terminal has its old size", function() return sh("stty -F " .. tty .. " size") == "20 120\n" end)
    keys "q"
    ended(0)
  end)

  it("goes on after a reload, with its filter and sort, and leaves the terminal as it was", function()
    sh(("cp lua/tcpstats/scripts/top.lua %s/own.lua"):format(folder)) -- what is built in is not loaded again
    run { script = "./own.lua", options = "2>err" }
    shows "q quit"
    keys "l"
    keys "/"
    keys "-l LISTEN"
    keys "Enter"
    shows("filter (text): LISTEN", true)
    sh(("kill -HUP $(cat %s/pid)"):format(folder))
    wait_until("the script was loaded again", function() return support.read(folder .. "/err"):find("reloaded", 1, true) end)
    shows("[l latency]", true)
    shows("filter (text): LISTEN", true)
    keys "q"
    ended(0)
  end)

  it("leaves the terminal as it was after Ctrl-C, SIGTERM and its own error", function()
    run()
    shows "q quit"
    keys "C-c"
    ended(0)

    run()
    shows "q quit"
    sh(("kill -TERM $(cat %s/pid)"):format(folder))
    ended(0)

    local broken = support.temporary [[
      local terminal = require "tcpstats.terminal"
      return {
        init = function(ctx) ctx.state.guard = assert(terminal.raw("\27[?1049h\27[?25lq quit", "\27[?25h\27[?1049l")) end,
        on_batch = function() error "broken" end,
      }]]
    os.rename(broken, folder .. "/broken.lua")
    keys(("'clear; stty -a >before; %s --strict -i 0.2 ./broken.lua; echo ended with $?; stty -a >new; mv new after' Enter"):format(support.bin))
    ended(1)
  end)

  it("leaves the terminal as it was after SIGQUIT, and when a script beside it hangs where nothing interrupts it", function()
    run()
    shows "LISTEN"
    sh(("kill -QUIT $(cat %s/pid)"):format(folder))
    ended(131)
    local path = folder .. "/hang.lua"
    local file = assert(io.open(path, "w"))
    file:write("return { on_batch = function() return ((\"a\"):rep(30000)):find(\".-.-.-.-b\") end }\n")
    file:close()
    run { options = ("--script-timeout 0.2 -x %s -o /dev/null"):format(path) }
    shows "giving up"
    ended(1)
  end)

  it("says in one line that it cannot draw, where the terminal has no cursor to move", function()
    keys(("'clear; stty -a >before; TERM=dumb %s top; echo ended with $?; stty -a >new; mv new after' Enter"):format(support.bin))
    shows("tcpstats-lua: top: cannot draw on this terminal (TERM=dumb); the script table shows the same, pass after pass", true)
    ended(1)
  end)

  it("takes a terminal that does not know its size for one of 80 by 24", function()
    keys "'stty rows 0 columns 0' Enter"
    run()
    local lines = shows "q quit"
    keys "q"
    ended(0)
    for line in lines:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 80, line) end
    sh(tmux .. " resize-window -t top -x 120 -y 21")
    sh(tmux .. " resize-window -t top -x 120 -y 20")
  end)

  it("ends with a reason where there is no terminal", function()
    local _, err, code = support.run(support.bin .. " top")
    assert.equal(1, code)
    assert.is_truthy(err:find("needs a terminal", 1, true))
  end)

  it("names the package that is missing", function()
    local loaded = package.loaded.term
    package.loaded.term, package.preload.term = nil, function() error "not installed" end
    local ctx = run_alone("tcpstats.scripts.top", {})
    package.loaded.term, package.preload.term = loaded, nil
    assert.equal(1, ctx.stopped)
    assert.is_truthy(ctx.message:find("lua-term", 1, true))
  end)
end)
