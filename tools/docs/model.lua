--- Puts together what is annotated: every class with its fields and functions, whichever files they are in.
local annotations = require "docs.annotations"
local contract = require "tcpstats.host.contract"

local model = {}

--- The text of a file, or nil.
---@param path string
---@return string?
function model.text(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local function files()
  local list = {}
  local pipe <close> = assert(io.popen "ls types/tcpstats/core.lua types/tcpstats/runtime.lua; find lua -name '*.lua' | LC_ALL=C sort")
  for path in pipe:lines() do list[#list + 1] = path end
  return list
end

local function class_of(classes, name)
  classes[name] = classes[name] or { name = name, text = "", fields = {}, functions = {} }
  return classes[name]
end

-- A list of the contract as a class.
local function from_contract(entry)
  local class = { name = entry.class, text = entry.text, fields = {}, functions = {} }
  for _, one in ipairs(contract[entry.contract]) do
    local name, type, help = table.unpack(one)
    local item = { name = name, type = type, text = help, optional = entry.optional, params = {}, returns = {}, where = "lua/tcpstats/host/contract.lua" }
    if type:find "^fun" then
      item.kind = "function"
      item.params, item.returns = annotations.signature(type)
      item.method = item.params[1] and item.params[1].name == "self"
      if item.method then table.remove(item.params, 1) end
    else
      item.kind = "value"
    end
    class.functions[#class.functions + 1] = item
  end
  return class
end

-- `a.b = core.b` is described where core.b is, in what is not said again.
local function complete_aliases(classes)
  local core = {}
  for _, one in ipairs(classes["tcpstats.core"].functions) do core[one.name] = one end
  for _, class in pairs(classes) do
    for _, one in ipairs(class.functions) do
      local original = one.value and core[one.value:match "^core%.([%w_]+)$"]
      if original then
        one.params = #one.params > 0 and one.params or original.params
        one.returns = #one.returns > 0 and one.returns or original.returns
        one.text = one.text ~= "" and one.text or original.text
      end
    end
  end
end

--- Reads all annotations.
---@param api table[] the list of docs.api
---@return table[] list the classes of that list, each with its entry
---@return table<string, table> classes all of them, by name: {name=, text=, fields=, functions=}; a function is a block of docs.annotations
function model.read(api)
  local classes = {}
  for _, path in ipairs(files()) do
    local variables = {}
    for _, block in ipairs(annotations.read(model.text(path))) do
      block.where = path
      if block.class then
        local class = class_of(classes, block.class)
        if class.text == "" then class.text = block.text end
        table.move(block.fields, 1, #block.fields, #class.fields + 1, class.fields)
        if block.variable then variables[block.variable] = class end
      elseif block.owner then
        local own = variables[block.owner]
        if own then own.functions[#own.functions + 1] = block end
      end
    end
  end
  complete_aliases(classes)
  local list = {}
  for i, entry in ipairs(api) do
    local class = entry.contract and from_contract(entry) or assert(classes[entry.class], entry.class)
    classes[entry.class] = class
    list[i] = { entry = entry, class = class }
  end
  for _, one in ipairs(list) do -- what a class has of a module's functions, itself being the first argument
    for _, lent in ipairs(one.entry.borrow and classes[one.entry.borrow].functions or {}) do
      local copy = { method = true }
      for key, value in pairs(lent) do copy[key] = copy[key] or value end
      copy.arguments = nil
      copy.params = table.move(lent.params, 2, #lent.params, 1, {})
      one.class.functions[#one.class.functions + 1] = copy
    end
  end
  return list, classes
end

return model
