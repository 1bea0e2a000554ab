--- The made part of man/tcpstats-lua.1: the options, as tcpstats.host.cli.options declares them, and the outputs, as each declares itself.
local groups = require "tcpstats.host.cli.options"
local help = require "tcpstats.host.cli.help"

local man = {}

local BEGIN <const>, END <const> = '.\\" made by `make docs`: from here\n', '.\\" to here\n'

-- Prose as roff: a line a sentence, `x` in bold, dashes of options that can be copied, and no line that begins with a request.
local function roff(text)
  text = text:gsub("([.!?]) (%u)", "%1\n%2"):gsub(" ([hms])%. (%u)", " %1.\n%2")
  text = text:gsub("\\", "\\e"):gsub("%f[%w-]%-%-?%f[%a]", function(dashes) return ("\\-"):rep(#dashes) end)
  return (text:gsub("`(.-)`", "\\fB%1\\fR"):gsub("\n[.']", "\n\\&%0"):gsub("^[.']", "\\&%0"))
end

local function sentence(text) return text:gsub("^%l", string.upper):gsub("%.?$", ".", 1) end

local function add(out, ...)
  for _, line in ipairs { ... } do out[#out + 1] = line end
end

local function add_outputs(out)
  add(out, ".Bl -tag -width Ds -compact")
  local output = require "tcpstats.output"
  for _, scheme in ipairs(output.schemes) do
    local kind = require("tcpstats.output." .. scheme)
    add(out, ".It Cm " .. scheme .. " :", roff(kind.about))
    local keys = {}
    for key in pairs(kind.keys) do keys[#keys + 1] = key end
    table.sort(keys)
    for _, key in ipairs(keys) do add(out, roff(("`%s`: %s."):format(key, kind.keys[key]))) end
  end
  add(out, ".El")
end

-- Sentences, with lines that begin with "- " as a list, and @outputs where those are listed.
local function add_more(out, text)
  local in_list = false
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local item = line:match "^%- (.*)$"
    if item and not in_list then add(out, ".Bl -bullet -compact") end
    if not item and in_list then add(out, ".El") end
    in_list = item ~= nil
    if item then add(out, ".It") end
    if line == "@outputs" then add_outputs(out) else add(out, roff(item or line)) end
  end
  if in_list then add(out, ".El") end
end

local function add_option(out, option)
  local value = option.value and (option.bare and " Ns Op = Ns Ar %s" or " Ar %s"):format(option.value:lower()) or ""
  local names = (option.short and option.short:sub(2) .. " , " or "") .. "-" .. option.long:sub(3)
  add(out, ".It Fl " .. names .. value, roff(sentence(help.of(option))))
  if option.more then add_more(out, option.more) end
end

--- The page with its made part made again.
---@param page string
---@return string
function man.page(page)
  local out = {}
  for _, group in ipairs(groups) do
    add(out, ".Ss " .. group.title, ".Bl -tag -width Ds")
    for _, option in ipairs(group) do add_option(out, option) end
    add(out, ".El")
  end
  local before, after = page:match("^(.-)" .. BEGIN:gsub("%p", "%%%0") .. ".-" .. END:gsub("%p", "%%%0") .. "(.*)$")
  return before .. BEGIN .. table.concat(out, "\n") .. "\n" .. END .. after
end

return man
