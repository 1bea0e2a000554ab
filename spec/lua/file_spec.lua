local core = require "tcpstats.core"
local host = require "spec.support.host"
local support = require "spec.support"

describe("a file that is replaced", function()
  local folder
  before_each(function() folder = host.folder() end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function listed() return (support.run("ls -A " .. folder):gsub("\n", " ")) end
  local function mode(name) return support.run(("ls -ld %s/%s"):format(folder, name)):sub(1, 10) end

  it("is new with mode 0644, or keeps its mode", function()
    local path = folder .. "/a"
    assert.is_true(core.replace_file(path, "one\0"))
    assert.same({ "one\0", "-rw-r--r--" }, { support.read(path), mode "a" })
    assert(os.execute("chmod 600 " .. path))
    assert.is_true(core.replace_file(path, ("x"):rep(100000)))
    assert.same({ 100000, "-rw-------" }, { #support.read(path), mode "a" })
    assert.equal("a ", listed())
  end)

  it("is the one that links lead to", function()
    assert(os.execute(("mkdir %s/d && ln -s d/b %s/a && ln -s ../c %s/d/b"):format(folder, folder, folder)))
    assert.is_true(core.replace_file(folder .. "/a", "new"))
    assert.same({ "new", "l", "l" }, { support.read(folder .. "/c"), mode("a"):sub(1, 1), mode("d/b"):sub(1, 1) })
    assert.is_true(core.remove_file(folder .. "/a"))
    assert.equal("a d ", listed())
    assert.is_true(core.remove_file(folder .. "/a"))
  end)

  it("stays as it was when that fails", function()
    local wrong = { core.replace_file(folder .. "/none/a", "x") }
    assert.same({ nil, ("cannot write %s/none/a: No such file or directory"):format(folder), "ESYSTEM" }, { wrong[1], wrong[2], wrong[3] })
    wrong = { core.replace_file(folder, "x") }
    assert.same({ nil, ("cannot write %s: it is not a file"):format(folder), "ESYSTEM" }, { wrong[1], wrong[2], wrong[3] })
    assert(os.execute(("ln -s loop %s/loop"):format(folder)))
    assert.matches("Too many levels", (select(2, core.replace_file(folder .. "/loop", "x"))))
    assert.matches("cannot remove .*Too many levels", (select(2, core.remove_file(folder .. "/loop"))))
    assert.equal("loop ", listed())
  end)

  it("is a file: a pipe or a folder is neither replaced nor removed", function()
    local pipe = folder .. "/pipe"
    assert(os.execute("mkfifo " .. pipe))
    assert.matches("pipe: it is not a file", (select(2, core.replace_file(pipe, "x"))))
    assert.matches("pipe: it is not a file", (select(2, core.remove_file(pipe))))
    assert.matches("it is not a file", (select(2, core.remove_file(folder))))
    assert.equal("pipe ", listed())
  end)

  it("is not spoiled by what a killed writer left", function()
    host.write(folder .. "/a", "old")
    host.write(folder .. "/a.tmp", "half")
    assert.is_true(core.replace_file(folder .. "/a", "new"))
    assert.same({ "new", "a " }, { support.read(folder .. "/a"), listed() })
  end)
end)
