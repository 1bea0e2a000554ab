--- What must be true of the documentation and cannot be generated: everything is described, every link and path exists, every binding has a spec.
local check = {}

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a" -- nil of a folder
end

local function lines_of(command)
  local pipe <close> = assert(io.popen(command))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  return list
end

-- The functions that the built module has, by owner: of the module itself, and of what it makes.
local function bindings()
  local core = require "tcpstats.core"
  local all = {}
  local function add(owner, t)
    for name, value in pairs(t) do
      if type(name) == "string" and type(value) == "function" and not name:find "^__" then all[#all + 1] = { owner = owner, name = name } end
    end
  end
  add("core", core)
  add("runtime", require "tcpstats.runtime")
  add("batch", core.batch_methods)
  for _, class in ipairs { "filter", "tracker", "source", "socket", "chunks" } do
    local index = assert(debug.getregistry()["tcpstats." .. class], class).__index
    if type(index) == "table" then add(class, index) end
    for i = 1, 8 do -- of a socket the names of fields and methods are an upvalue
      local _, value = nil, nil
      if type(index) == "function" then _, value = debug.getupvalue(index, i) end
      if type(value) == "table" then add(class, value) end
    end
  end
  table.sort(all, function(a, b) return a.owner .. a.name < b.owner .. b.name end)
  return all
end

local CLASSES = {
  core = "tcpstats.core", runtime = "tcpstats.runtime", batch = "tcpstats.Batch", socket = "tcpstats.Socket", filter = "tcpstats.Filter",
  tracker = "tcpstats.Tracker", source = "tcpstats.Source", chunks = "tcpstats.Chunks",
}

-- Every function of a class says what it is and has a type for each argument; types/ has each binding, and no other.
local function described(classes, problems)
  local function problem(...) problems[#problems + 1] = string.format(...) end
  for _, class in pairs(classes) do
    for _, one in ipairs(class.functions) do
      local annotated = {}
      for _, param in ipairs(one.params) do annotated[param.name] = true end
      if one.text == "" then problem("%s: nothing is said of %s.%s", one.where, class.name, one.name) end
      for _, name in ipairs(one.arguments or {}) do
        if name ~= "_" and not annotated[name] then problem("%s: %s.%s lacks its `---@param %s TYPE`", one.where, class.name, one.name, name) end
      end
    end
  end
  local bound = {}
  for _, binding in ipairs(bindings()) do bound[CLASSES[binding.owner] .. "." .. binding.name] = true end
  for _, class in pairs(CLASSES) do
    for _, one in ipairs(classes[class].functions) do
      local key = class .. "." .. one.name
      if one.where:find "^types/" and not bound[key] then problem("%s: C has no %s", one.where, key) end
      bound[key] = nil
    end
  end
  for key in pairs(bound) do problem("%s is not described in types/tcpstats/", key) end
end

-- Every binding is named in a spec.
local function tested(problems)
  local text = {}
  for _, path in ipairs(lines_of "find spec -name '*.lua'") do text[#text + 1] = read(path) end
  text = table.concat(text, "\n")
  for _, binding in ipairs(bindings()) do
    if not text:find("[.:]" .. binding.name .. "%f[^%w_]") then
      problems[#problems + 1] = ("no spec uses %s.%s"):format(binding.owner, binding.name)
    end
  end
end

-- The proto's text and the built module say the same.
local function fields(schema, problems)
  local core = require "tcpstats.core"
  local lists = { TcpSocketRecord = core.fields() }
  for _, message in ipairs { "CollectionMetadata", "SystemSummary" } do lists[message] = core.message_fields(message) end
  local page = read "doc/fields.md" or ""
  for message, list in pairs(lists) do
    local by_number = {}
    for _, field in ipairs(schema.messages[message].fields) do by_number[field.number] = field end
    for _, field in ipairs(list) do
      local read_ = by_number[field.number]
      if not read_ or read_.name ~= field.name or read_.help ~= field.help then
        problems[#problems + 1] = ("%s.%s: the proto and the built module differ"):format(message, field.name)
      end
      if field.help == "" then problems[#problems + 1] = ("%s.%s: has no comment in the proto"):format(message, field.name) end
      if not page:find("`" .. field.name .. "`", 1, true) then problems[#problems + 1] = ("doc/fields.md lacks %s"):format(field.name) end
    end
    if #list ~= #schema.messages[message].fields then problems[#problems + 1] = message .. ": the proto and the built module differ in number" end
  end
end

-- A heading's anchor as GitHub and others make it.
local function anchor(heading) return (heading:lower():gsub("[`*]", ""):gsub("%[(.-)%]%(.-%)", "%1"):gsub("[^%w%s_-]", ""):gsub("%s", "-")) end

local function anchors(text)
  local set, in_code = {}, false
  for line in text:gmatch "[^\n]+" do
    if line:find "^```" then in_code = not in_code end
    local heading = not in_code and line:match "^#+ (.*)$"
    if heading then set[anchor(heading)] = true end
  end
  return set
end

local function links(problems)
  for _, path in ipairs(lines_of "ls *.md doc/*.md examples/*.md 2>/dev/null") do
    local text, folder = read(path), path:match "^(.*/)" or ""
    local prose = text:gsub("\n```.-\n```", "\n"):gsub("`[^`\n]*`", function(code) return code:find "%]%(" and "" or code end)
    for target in prose:gmatch "%]%(([^)%s]+)%)" do
      if not target:find "^%a+://" then
        local file, part = target:match "^([^#]*)#?(.*)$"
        local other = file == "" and text or read(folder .. file)
        local is_folder = not other and os.execute(("test -d '%s'"):format(folder .. file))
        if not other and not is_folder then problems[#problems + 1] = ("%s: the link to %s leads nowhere"):format(path, target) end
        if other and part ~= "" and not anchors(other)[part] then problems[#problems + 1] = ("%s: no heading for %s"):format(path, target) end
      end
    end
    for file in prose:gmatch "`(%l[%w_]*/[%w_./-]*%.%l+)`" do -- a file that is named, not linked; NAME.lua stands for several
      local in_tree = file:find "^doc/" or file:find "^csrc/" or file:find "^lua/" or file:find "^tools/" or file:find "^spec/" or file:find "^types/"
      if in_tree and not file:find "%u%u" and not read(file) then problems[#problems + 1] = ("%s: %s does not exist"):format(path, file) end
    end
  end
end

--- Appends what is wrong to `problems`.
---@param schema table what docs.proto read
---@param classes table<string, table> what docs.model read
---@param problems string[]
function check.all(schema, classes, problems)
  described(classes, problems)
  tested(problems)
  fields(schema, problems)
  links(problems)
end

return check
