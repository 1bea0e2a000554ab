--- Every pass as one BatchMessage in canonical proto3 JSON, on one line.
return {
  name = "json",
  help = "every pass as one line of canonical proto3 JSON (BatchMessage)",
  options = {
    addresses = { type = "string", choices = { "base64", "text" }, default = "base64", help = "base64 loads as protobuf JSON; text is human-readable, and for jq" },
  },
  on_batch = function(batch, ctx)
    ctx:emit(batch, { format = "json", addresses = ctx.options.addresses })
  end,
}
