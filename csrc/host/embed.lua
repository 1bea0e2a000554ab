-- Lua modules -> one C file that holds them compiled, for embedded.c:
--     lua embed.lua root=lua/ lua/tcpstats/init.lua lua/tcpstats/cli.lua root=elsewhere/ elsewhere/argparse.lua
-- A module's name is its path below `root`, as require would look for it. Compiled, because parsing what a run requires takes 1.6 ms and loading
-- it compiled 0.13, in a process of which everything else takes 0.9. It has to be run by the release of Lua that the program is linked with,
-- which says "version mismatch" otherwise; a cross build, which has no such Lua, takes embed.awk and the sources.

local function quoted(bytes)
  return (bytes:gsub(".", function(c) return ("\\%03o"):format(c:byte()) end))
end

assert(_VERSION == "Lua 5.4", "embed.lua: " .. _VERSION .. " compiles for another release than 5.4")
local root, modules = "", {}
print "/* Made by csrc/host/embed.lua from the Lua modules; do not edit. */"
print '#include "host/embedded.h"\n'
print '#ifdef __GNUC__\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n#endif\n'
for _, argument in ipairs(arg) do
  if argument:match "^root=" then
    root = argument:sub(#"root=" + 1)
  else
    assert(argument:sub(1, #root) == root, argument .. " does not lie under " .. root)
    local path = argument:sub(#root + 1)
    local file <close> = assert(io.open(argument, "rb"))
    local source = file:read "a":gsub("^#[^\n]*", "") -- as loadfile does
    local code = string.dump(assert(load(source, "@" .. path, "t")))
    print(("static const char code_%d[] ="):format(#modules))
    for i = 1, #code, 64 do print('    "' .. quoted(code:sub(i, i + 63)) .. '"') end
    print "    ;\n"
    local name = path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
    modules[#modules + 1] = ('    { "%s", "@%s", code_%d, sizeof code_%d - 1 },'):format(name, path, #modules, #modules)
  end
end
print("const tcpsL_embedded tcpsL_embedded_modules[] = {\n" .. table.concat(modules, "\n") .. "\n    { 0, 0, 0, 0 },\n};")
