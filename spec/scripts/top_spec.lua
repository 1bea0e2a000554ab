-- top in a real terminal: the binary under tmux, typed at and looked at.
local support = require "spec.support"

-- With a shell: a user that runs services may have none of its own.
local tmux = ("SHELL=/bin/sh tmux -L tcpstats-spec-%d -f /dev/null"):format(math.random(1 << 30))

local function sh(command)
  local out, err, code = support.run(command)
  assert.equal(0, code, command .. ": " .. err)
  return out
end

local function screen() return sh(tmux .. " capture-pane -p -t top") end

-- Waits until the screen shows a pattern.
local function shows(pattern, plain)
  local last
  for _ = 1, 300 do
    last = screen()
    if last:find(pattern, 1, plain) then return last end
    os.execute "sleep 0.1"
  end
  error(("the screen never showed %s:\n%s"):format(pattern, last), 2)
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
    local command = ("sh -c \"echo \\$\\$ >%s/pid; exec %s -i 0.2 top %s\""):format(folder, support.bin, arguments and arguments.options or "")
    keys(("'clear; stty -a >before; %s; echo ended with $?; stty -a >new; mv new after' Enter"):format(command))
  end
  local function ended(code)
    shows(("ended with %d"):format(code))
    for _ = 1, 300 do
      if pcall(support.read, folder .. "/after") then break end
      os.execute "sleep 0.1"
    end
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
    local small
    for _ = 1, 300 do
      small = screen()
      if not small:find("SEND-Q", 1, true) then break end
      os.execute "sleep 0.1"
    end
    local _, lines = small:gsub("\n", "")
    assert.is_true(lines <= 8)
    for line in small:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 60, line) end
    sh(tmux .. " resize-window -t top -x 120 -y 20")
    shows("SEND-Q", true) -- drawn for the old size again: tmux passes it on a quarter of a second later
    keys "q"
    ended(0)
  end)

  it("goes on after a reload, with its filter and sort, and leaves the terminal as it was", function()
    run { options = ("2>%s/err"):format(folder) }
    shows "q quit"
    keys "l"
    keys "/"
    keys "-l LISTEN"
    keys "Enter"
    shows("filter (text): LISTEN", true)
    sh(("kill -HUP $(cat %s/pid)"):format(folder))
    for _ = 1, 300 do
      if support.read(folder .. "/err"):find("top: reloaded", 1, true) then break end
      os.execute "sleep 0.1"
    end
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
    run { options = ("--script-timeout 0.5 -x %s -o /dev/null"):format(path) }
    shows "giving up"
    ended(1)
  end)

  it("ends with a reason where there is no terminal", function()
    local _, err, code = support.run(support.bin .. " top")
    assert.equal(1, code)
    assert.is_truthy(err:find("needs a terminal", 1, true))
  end)

  it("names the package that is missing", function()
    local _, err, code = support.run(("env LUA_PATH= LUA_CPATH= LUA_PATH_5_4=/nowhere/?.lua LUA_CPATH_5_4=/nowhere/?.so %s top"):format(support.bin))
    assert.equal(1, code)
    assert.is_truthy(err:find("lua-term", 1, true))
  end)
end)
