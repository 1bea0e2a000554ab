--- Every socket as one JSON object on its own line: time, host and number of the pass, then the fields by the proto's names, integers as numbers
-- (above 2^53 as strings, which readers such as jq would round), addresses as text.
return {
  name = "flat",
  help = "every socket as one line of JSON: for jq, ClickHouse, log shippers",
  options = {
    closed = { type = "boolean", default = false, help = "after the sockets, also the connections that ended since the last pass: they have close_reason" },
  },
  on_batch = function(batch, ctx)
    ctx:emit(batch, { format = "flat" })
    if ctx.options.closed then ctx:emit(batch:closed(), { format = "flat" }) end
  end,
}
