--- Puts together what docs.api lists: every class with its functions and values, their arguments and results with types.
local comments = require "docs.comments"
local contract = require "tcpstats.host.contract"
local words = require "docs.words"

local model = {}

--- The text of a file, or nil.
function model.text(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function list_files(command)
  local list = {}
  local pipe <close> = assert(io.popen(command))
  for path in pipe:lines() do list[#list + 1] = path end
  return list
end

-- What an argument or a key that its name says too little of is described with.
local function type_of_argument(arg)
  local by_name = words.of_name(arg.name)
  if arg.text:find "^[({]" then return words.of_phrase(arg.text) end
  if by_name and by_name ~= "any" then return by_name end
  return words.of_phrase(arg.text) or by_name
end

local function resolve(one, problems)
  local function unknown(what)
    problems[#problems + 1] = ("%s: %s%s%s: no type for %s"):format(one.where, one.owner, one.method and ":" or ".", one.name, what)
  end
  for _, arg in ipairs(one.args) do
    arg.type = type_of_argument(arg) or unknown(("%s (%s)"):format(arg.name, arg.text)) or "any"
    arg.optional = arg.optional or words.optional(arg.text) or arg.type:find "^[^(]+%?$" ~= nil
    arg.type = arg.type:gsub("^([^(]+)%?$", "%1")
    arg.prose = words.prose(arg.text)
  end
  for _, result in ipairs(one.returns) do
    result.type = words.of_phrase(result.text) or words.of_name(result.text) or unknown(("the result '%s'"):format(result.text)) or "any"
    result.prose = words.prose(result.text)
  end
  if one.kind == "value" and #one.returns == 0 then
    one.returns[1] = { type = words.of_phrase(one.text) or unknown "the value" or "any", text = "", prose = "" }
  end
  if #one.returns == 0 and one.text:find "^[Ww]hether " then one.returns[1] = { type = "boolean", text = "", prose = "" } end
end

local function sentence(text)
  if text == "" then return "" end
  text = text:gsub("^%l", string.upper)
  return text:find "[.:!?`)]$" and text or text:find "\n" and text or text .. "."
end

-- "fun(self: tcpstats.Ctx, x: any, options?: table): boolean" -> arguments, results
local function signature(type)
  local inner, rest = type:match "^fun(%b())(.*)$"
  local args, returns = {}, {}
  for _, piece in ipairs(words.split(inner:sub(2, -2), ",")) do
    local name, optional, of = piece:match "^%s*([%w_.]+)(%??): (.*)$"
    args[#args + 1] = { name = name, optional = optional ~= "" or nil, text = "(" .. of .. ")" }
  end
  local result = rest:match "^: (.*)$"
  if result then returns[1] = { text = "(" .. result .. ")" } end
  return args, returns
end

-- The entries of a list of tcpstats.host.contract, as descriptions.
local function from_contract(entries, owner)
  local list = {}
  for _, entry in ipairs(entries) do
    local name, type, help = table.unpack(entry)
    local one = { owner = owner, name = name, kind = "value", args = {}, returns = { { text = "(" .. type .. ")" } }, text = help, where = "lua/tcpstats/host/contract.lua" }
    if type:find "^fun" then
      one.kind = "function"
      one.args, one.returns = signature(type)
      one.method = one.args[1] and one.args[1].name == "self"
      if one.method then table.remove(one.args, 1) else one.hook = true end
    end
    list[#list + 1] = one
  end
  return list
end

--- Reads all descriptions.
-- @param api the list of docs.api
-- @return the classes, in api's order, each with `functions`; every description; a list of problems
function model.read(api)
  local problems, everything, by_class = {}, {}, {}
  local owners_c, owners_lua = {}, {}
  for _, class in ipairs(api) do
    by_class[class.name] = class
    class.functions = {}
    if class.c then owners_c[class.c] = class end
    for path, owner in pairs(class.lua or {}) do owners_lua[path .. " " .. owner] = class end
  end
  local function take(class, one)
    everything[#everything + 1] = one
    if not class or class.methods and not one.method then return end
    one.text = sentence(one.text)
    class.functions[#class.functions + 1] = one
  end
  for _, path in ipairs(list_files "ls csrc/lua/*.c csrc/runtime/*.c") do
    for _, one in ipairs(comments.of_c(model.text(path), path)) do take(owners_c[one.owner], one) end
  end
  for _, path in ipairs(list_files "find lua -name '*.lua' | LC_ALL=C sort") do
    for _, one in ipairs(comments.of_lua(model.text(path), path)) do take(owners_lua[path .. " " .. one.owner], one) end
  end
  for _, class in ipairs(api) do
    for _, one in ipairs(from_contract(class.contract and contract[class.contract] or {}, class.call or class.name)) do take(class, one) end
  end
  -- tcpstats.decode = core.decode: what is not said again is as it is there.
  local core = {}
  for _, one in ipairs(by_class["tcpstats.core"] and by_class["tcpstats.core"].functions or {}) do core[one.name] = one end
  for _, one in ipairs(everything) do
    local original = one.alias and core[one.name]
    if original then
      if #one.args == 0 then one.args = original.args end
      if #one.returns == 0 then one.returns, one.fails = original.returns, original.fails end
      table.sort(one.args, function(a, b)
        local function place(arg)
          for i, other in ipairs(original.args) do
            if other.name == arg.name then return i end
          end
          return 99
        end
        return place(a) < place(b)
      end)
    end
  end
  for _, class in ipairs(api) do
    for _, one in ipairs(class.functions) do
      -- methods that are written with a dot get themselves first
      if class.lua and one.args[1] and (one.args[1].name == "batch" and one.owner == "core.batch_methods") then
        table.remove(one.args, 1)
        one.method = true
      end
      if class.gives and #one.returns == 0 then one.returns[1] = { text = "(" .. class.gives .. ")" } end
      resolve(one, class.lax and {} or problems)
    end
  end
  for _, class in ipairs(api) do -- what a class has of a module's functions, itself being the first argument
    local lender = class.borrow and by_class[class.borrow]
    for _, one in ipairs(lender and lender.functions or {}) do
      local copy = {}
      for key, value in pairs(one) do copy[key] = value end
      copy.args, copy.method = table.move(one.args, 2, #one.args, 1, {}), true
      class.functions[#class.functions + 1] = copy
    end
  end
  return api, everything, problems
end

return model
