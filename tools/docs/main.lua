--- Makes doc/fields.md, the reference in doc/scripting.md, the options in the manual page and the made part of types/ from what is declared and
-- annotated in the sources. With --check it changes nothing and reports what is stale or not described.
-- usage: lua tools/docs/main.lua [--check], in the project's folder, with the module built.
package.path = "tools/?.lua;" .. package.path
local model = require "docs.model"

local BEGIN = "<!-- made by `make docs`: from here on -->\n"

local schema = require("docs.proto").read "proto/tcp_stats.proto"
local list, classes = model.read(require "docs.api")
local problems = {}
local files = require("docs.luacats").files(list, schema)
files["doc/fields.md"] = require("docs.fields").page(schema)
files["man/tcpstats-lua.1"] = require("docs.man").page(model.text "man/tcpstats-lua.1")
local by_hand = model.text "doc/scripting.md":match("^(.-" .. BEGIN:gsub("%p", "%%%0") .. ")")
files["doc/scripting.md"] = by_hand .. require("docs.catalogue").text() .. "\n" .. require("docs.reference").text(list)

local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

if arg[1] ~= "--check" then
  for _, path in ipairs(sorted(files)) do
    assert(os.execute("mkdir -p " .. path:match "^(.*)/"))
    local file <close> = assert(io.open(path, "wb"))
    assert(file:write(files[path]))
  end
  os.exit()
end

for _, path in ipairs(sorted(files)) do
  if model.text(path) ~= files[path] then
    local fresh = os.tmpname()
    local file <close> = assert(io.open(fresh, "wb"))
    assert(file:write(files[path]))
    file:flush()
    os.execute(("diff -u %s %s | head -n 60"):format(path, fresh))
    os.remove(fresh)
    problems[#problems + 1] = path .. " is stale: make docs"
  end
end
require("docs.check").all(schema, classes, problems)
for _, problem in ipairs(problems) do io.stderr:write("docs: ", problem, "\n") end
os.exit(#problems == 0)
