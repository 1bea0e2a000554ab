--- What a node of the tree becomes: a piece of Lua source, and when it has a value.
--
-- A piece: {type=, code=, guards=, maybe=, bare=, wide=, held=}
--   type    "integer", "unsigned" (the bits of an unsigned field), "number", "text", "address", "boolean" or "mixed"
--   code    Lua source that may be evaluated when all guards hold; otherwise the piece is absent
--   guards  list of conditions, as Lua source
--   maybe   true: the code itself may give nil
--   bare    true: the code is a local that is nil where the piece is absent
--   wide    true: an integer that is a float where no integer of Lua is as large
--   held    true: a field that each holder of a socket has
local piece = {}

--- How messages call the types.
piece.described = {
  integer = "a number", unsigned = "a number", number = "a number", text = "text", address = "an address", boolean = "true or false",
  mixed = "of several types",
}

local classes = { integer = "number", unsigned = "number", address = "text" }

--- What a type is compared as: integers and reals are numbers.
function piece.class(type) return classes[type] or type end

--- The type that others see: what a value of this type is in Lua.
function piece.public(type) return type == "unsigned" and "integer" or type == "address" and "text" or type end

--- Lists of guards as one list that has each guard once.
function piece.joined(...)
  local all, seen = {}, {}
  for _, guards in ipairs { ... } do
    for _, guard in ipairs(guards) do
      if not seen[guard] then
        seen[guard] = true
        all[#all + 1] = guard
      end
    end
  end
  return all
end

--- Code that is evaluated only where the guards hold, and false elsewhere.
function piece.guarded(guards, code)
  if #guards == 0 then return code end
  return "(" .. table.concat(guards, " and ") .. " and " .. code .. ")"
end

--- The piece's value as one expression, nil where it is absent.
function piece.value(p)
  if p.bare or #p.guards == 0 then return p.code end
  return "(" .. piece.guarded(p.guards, p.code) .. " or nil)"
end

--- The piece as a condition: false where it is absent.
function piece.condition(p) return p.bare and p.code or piece.guarded(p.guards, p.code) end

--- The piece of a constant.
function piece.constant(v)
  if type(v) == "string" then return { type = "text", code = ("%q"):format(v), guards = {} } end
  if type(v) == "boolean" then return { type = "boolean", code = tostring(v), guards = {} } end
  if math.type(v) == "integer" then return { type = "integer", code = ("0x%x"):format(v), guards = {} } end
  return { type = "number", code = v == math.huge and "(1/0)" or ("%a"):format(v), guards = {} }
end

--- How a message calls a node: by its name where it has one.
function piece.described_at(node, p)
  return node.name and ("%s is %s"):format(node.name, piece.described[p.type]) or ("this is %s"):format(piece.described[p.type])
end

return piece
