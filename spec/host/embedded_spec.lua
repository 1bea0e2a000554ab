-- What embed.awk and embedded.c make of Lua modules is what require would have made of the files.

local function run(command)
    local pipe <close> = assert(io.popen("exec 2>&1; " .. command))
    local text = pipe:read("a")
    return text, (pipe:close())
end

local function write(path, text)
    local file <close> = assert(io.open(path, "wb"))
    file:write(text)
end

local interpreter = os.getenv "LUA" or "lua5.4"

describe("embedded modules", function()
    local folder

    local AWK = [[LC_ALL=C awk -f "$OLDPWD/csrc/host/embed.awk"]]
    local LUA = interpreter .. [[ "$OLDPWD/csrc/host/embed.lua"]]

    -- Builds a module of C that does what the host does on start, with the modules of `sources` (path -> text) embedded by `generator` (AWK).
    local function embed(sources, generator)
        local paths = {}
        for path, text in pairs(sources) do
            os.execute("mkdir -p " .. folder .. "/lua/" .. (path:match("^(.*)/") or ""))
            write(folder .. "/lua/" .. path, text)
            paths[#paths + 1] = folder .. "/lua/" .. path
        end
        table.sort(paths)
        write(folder .. "/host.c", [[
            #include "host/embedded.h"
            int luaopen_host(lua_State *L);
            int luaopen_host(lua_State *L) { tcpsL_preload_embedded(L); return 0; }
        ]])
        local text, fine = run(([[
            set -e; cd %s
            %s root=%s/lua/ %s >modules.c
            ${CC:-cc} -std=c11 -Wall -Wextra -Werror -pedantic -shared -fPIC $(pkg-config --cflags lua5.4) -I"$OLDPWD/csrc" \
                host.c modules.c "$OLDPWD/csrc/host/embedded.c" -o host.so
        ]]):format(folder, generator or AWK, folder, table.concat(paths, " ")))
        assert.is_true(fine, text)
    end

    -- What a program prints in a fresh interpreter that has the embedded modules and finds none on disk.
    local function prints(program)
        write(folder .. "/program.lua", "package.path = '' package.loadlib('" .. folder .. "/host.so', 'luaopen_host')()\n" .. program)
        return (run(interpreter .. " " .. folder .. "/program.lua"))
    end

    before_each(function()
        folder = os.tmpname()
        os.remove(folder)
        os.execute("mkdir " .. folder)
    end)
    after_each(function() os.execute("rm -rf " .. folder) end)

    it("keep every byte of a source", function()
        local bytes = {}
        for b = 1, 255 do bytes[#bytes + 1] = string.char(b) end
        -- in a comment and in a string: backslashes, quotes, trigraphs and what is no UTF-8
        local all = table.concat(bytes):gsub("[\r\n\"\\]", "")
        embed { ["a.lua"] = '-- \\n "%d" ??/ ' .. all .. '\nreturn "' .. all .. '??/??=\\\\\\"\\n"\n' }
        assert.equal(all .. '??/??=\\"\n', prints "io.write((require 'a'))")
    end)

    it("have the names that require gives to paths", function()
        embed { ["a/init.lua"] = "return 'a'", ["a/b/c.lua"] = "return ...", ["d.lua"] = "local _, from = ... return from" }
        assert.equal("a a.b.c d.lua\n", prints "print((require 'a') .. ' ' .. (require 'a.b.c') .. ' ' .. (require 'd'))")
    end)

    it("name file and line in messages", function()
        embed { ["a/b.lua"] = "local x\n\n\nreturn x.y", ["c.lua"] = "return = 1" }
        assert.equal("a/b.lua:4:", prints("print(select(2, pcall(require, 'a.b')))"):match("^%S+"))
        assert.equal("c.lua:1:", prints("print(select(2, pcall(require, 'c')))"):match("^%S+"))
    end)

    it("are the same when they were compiled before", function()
        local sources = { ["a/init.lua"] = "#!/usr/bin/lua\nreturn ...", ["a/b.lua"] = "local x\n\n\nreturn x.y", ["a/c.lua"] = "" }
        embed(sources, LUA)
        assert.equal("a true\n", prints "print((require 'a') .. ' ' .. tostring((require 'a.c')))")
        assert.equal("a/b.lua:4:", prints("print(select(2, pcall(require, 'a.b')))"):match("^%S+"))
    end)

    it("are not compiled before they are required, and once", function()
        embed { ["a.lua"] = "count = (count or 0) + 1 return count", ["broken.lua"] = "return = 1" }
        assert.equal("nil 1 1\n", prints "io.write(tostring(count), ' ') print((require 'a') .. ' ' .. (require 'a'))")
    end)

    it("give way to what is preloaded already", function()
        embed { ["a.lua"] = "return 'embedded'" }
        write(folder .. "/program.lua", "package.preload.a = function() return 'mine' end package.loadlib('" .. folder ..
            "/host.so', 'luaopen_host')() print((require 'a'))")
        assert.equal("mine\n", (run(interpreter .. " " .. folder .. "/program.lua")))
    end)

    it("are refused when they lie elsewhere or would be lost", function()
        local function refusal(root)
            local text, fine = run(("LC_ALL=C awk -f csrc/host/embed.awk root=%s %s/a.lua >/dev/null"):format(root, folder))
            assert.is_nil(fine)
            return text
        end
        write(folder .. "/a.lua", "return 1")
        assert.equal("embed.awk: " .. folder .. "/a.lua does not lie under elsewhere/\n", refusal "elsewhere/")
        write(folder .. "/a.lua", "")
        assert.equal("embed.awk: an empty file would be missing\n", refusal(folder .. "/"))
    end)
end)
