--- What an expression may call: nothing here changes or reads anything but its arguments.
--
-- Each entry: `arguments`, the types in their order ("text?" may be left out), `result`, and `maybe` when there may be no result.
-- An absent argument makes the result absent; that is seen to before the function is called.
local functions = {}

functions.calls = {
  ["math.abs"] = { call = math.abs, arguments = { "number" }, result = "number" },
  ["math.ceil"] = { call = math.ceil, arguments = { "number" }, result = "number" },
  ["math.floor"] = { call = math.floor, arguments = { "number" }, result = "number" },
  ["math.log"] = { call = math.log, arguments = { "number", "number?" }, result = "number" },
  ["math.max"] = { call = math.max, arguments = { "number", "number", more = "number" }, result = "number" },
  ["math.min"] = { call = math.min, arguments = { "number", "number", more = "number" }, result = "number" },
  ["math.sqrt"] = { call = math.sqrt, arguments = { "number" }, result = "number" },
  ["math.tointeger"] = { call = math.tointeger, arguments = { "number" }, result = "integer", maybe = true },
  tonumber = { call = tonumber, arguments = { "text", "integer?" }, result = "number", maybe = true },
  tostring = { call = tostring, arguments = { "any" }, result = "text" },
}

-- Of text: string.NAME(text, ...) and text:NAME(...). rep and format are left out, because a small text could take all memory with them.
functions.methods = {
  find = { call = string.find, arguments = { "text", "pattern", "integer?", "boolean?" }, result = "integer", maybe = true },
  len = { call = string.len, arguments = { "text" }, result = "integer" },
  lower = { call = string.lower, arguments = { "text" }, result = "text" },
  match = { call = string.match, arguments = { "text", "pattern", "integer?" }, result = "text", maybe = true },
  sub = { call = string.sub, arguments = { "text", "integer", "integer?" }, result = "text" },
  upper = { call = string.upper, arguments = { "text" }, result = "text" },
}
for name, method in pairs(functions.methods) do functions.calls["string." .. name] = method end

functions.constants = { ["math.pi"] = math.pi, ["math.huge"] = math.huge }

-- What the compiler knows itself; named here so that a slip of the keys finds them.
functions.special = { "cidr", "one_of", "rate" }

return functions
