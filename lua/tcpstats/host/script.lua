--- Scripts: finding one, loading it, and the values of its options. What a script is stands in tcpstats.host.contract.
local validate = require "tcpstats.host.validate"

local script = {}

--- The built-in scripts, as --list shows them. Each is lua/tcpstats/scripts/NAME.lua.
script.builtin = { "alert", "csv", "flat", "json", "life", "prometheus", "protobuf", "summary", "table", "top" }

--- Every option's default.
---@param t tcpstats.Script
---@return table<string, any> values a new table
function script.defaults(t)
  local values = {}
  for name, option in pairs(t.options or {}) do
    if option.many then
      values[name] = table.move(option.default or {}, 1, #(option.default or {}), 1, {})
    else
      values[name] = option.default
    end
  end
  return values
end

--- The flag of an option: rtt_ms is --rtt-ms.
function script.flag(name) return "--" .. (name:gsub("_", "-")) end

--- The values of a script's options as a command line gives them.
---@param t tcpstats.Script
---@param given { [1]: string, [2]: string|boolean }[] names and words; a boolean's word is true or false
---@return table<string, any>? values with the defaults of options that are not given
---@return string? what is wrong
function script.options(t, given)
  local values, declared = script.defaults(t), t.options or {}
  local many = {}
  for _, one in ipairs(given) do
    local name, word = one[1], one[2]
    local option = declared[name]
    if not option then return nil, ("there is no option %s any more"):format(script.flag(name)) end
    local value, wanted = word, nil
    if option.type ~= "boolean" then value, wanted = validate.value(option, word) end
    if wanted then return nil, ("%s: expected %s, got '%s'"):format(script.flag(name), wanted, word) end
    if option.many then
      many[name] = many[name] or {}
      table.insert(many[name], value)
    else
      values[name] = value
    end
  end
  for name, list in pairs(many) do values[name] = list end
  return values
end

--- The name of a script that does not give one: its file's without .lua.
function script.short_name(name)
  return (name:match("([^/]*)$"):gsub("%.lua$", ""))
end

--- Whether a name is the path of a file.
---@param name string
---@return boolean
function script.is_path(name) return name:find("/", 1, true) ~= nil or name:find "%.lua$" ~= nil end

--- Whether a name is that of a built-in script.
---@param name string
---@return boolean
function script.is_builtin(name)
  for _, known in ipairs(script.builtin) do
    if known == name then return true end
  end
  return false
end

local function read_builtin(name)
  if not script.is_builtin(name) then
    local hint = require("tcpstats.suggest").hint(name, script.builtin, "there")
    return nil, ("unknown script '%s'%s (a file is named by its path: ./%s.lua)"):format(name, hint, name), "EUSAGE"
  end
  local module = "tcpstats.scripts." .. name
  if package.preload[module] then return package.preload[module] end
  local path = package.searchpath(module, package.path)
  if not path then return nil, ("the script %s is not installed"):format(name), "ESYSTEM" end
  local chunk, what = loadfile(path, "t")
  return chunk, what, "EFORMAT"
end

-- The host keeps a copy: the script may change its table later.
local function own_copy(value, depth)
  if type(value) ~= "table" or depth == 0 then return value end
  local copy = {}
  for key, item in next, value do copy[key] = own_copy(item, depth - 1) end
  return copy
end

local function read_file(path, environment)
  local file, what = io.open(path, "rb")
  if not file then return nil, "cannot read " .. what, "ESYSTEM" end
  local text, why = file:read("a")
  file:close()
  if not text then return nil, ("cannot read %s: %s"):format(path, why), "ESYSTEM" end
  -- A name that the search cannot hold is told when a module is not found there.
  if not environment then require("tcpstats.host.search").add(path:match "^(.*)/[^/]*$" or ".") end
  if text:sub(1, 1) == "#" then text = "--" .. text end -- as lua does: the first line may name an interpreter
  local chunk
  chunk, what = load(text, "@" .. path, "t", environment or _G)
  if not chunk then return nil, what, "EFORMAT" end
  return chunk
end

--- Finds and loads a script, and checks that it keeps the contract.
---@param name string of a built-in, or a path: it contains a / or ends in .lua
---@param options? { environment?: table, call?: fun(chunk: function, ...: string): boolean, any } the globals of a sandbox, and how the file is run (pcall)
---@return tcpstats.Script? t
---@return string name or what went wrong
---@return string? code "EUSAGE" unknown name, "ESYSTEM" cannot be read, "EFORMAT" wrong
function script.load(name, options)
  options = options or {}
  local is_path = script.is_path(name)
  local chunk, what, code
  if is_path then chunk, what, code = read_file(name, options.environment) else chunk, what, code = read_builtin(name) end
  if not chunk then return nil, what, code end
  local ok, t = (options.call or pcall)(chunk, is_path and name or "tcpstats.scripts." .. name)
  if not ok then return nil, tostring(t), "EFORMAT" end
  local wrong = validate.script(t)
  if wrong then return nil, ("%s: %s"):format(name, wrong), "EFORMAT" end
  return own_copy(t, validate.DEPTH), t.name or script.short_name(name)
end

return script
