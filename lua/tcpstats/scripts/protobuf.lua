--- Every pass as one BatchMessage in protobuf's binary form, after its length as a varint: `-s protobuf:FILE` reads it back.
return {
  name = "protobuf",
  help = "every pass as one length-delimited BatchMessage",
  on_batch = function(batch, ctx) ctx:emit(batch, { format = "protobuf" }) end,
}
