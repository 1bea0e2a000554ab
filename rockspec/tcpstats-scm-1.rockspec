rockspec_format = "3.0"
package = "tcpstats"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "System-wide telemetry of TCP sockets, scripted in Lua",
  detailed = [[
Reads what the kernel exports of every TCP socket (macOS, Linux, FreeBSD), computes what changed per connection since the last pass, and hands it
to Lua: filter, aggregate, and write JSON Lines, protobuf, CSV or Prometheus text.]],
  license = "MIT",
}
-- The module needs nothing but Lua; the program tcpstats-lua needs argparse. Libraries that only some runs use (luasocket, lua-term)
-- are loaded on first use, and an error names the one that is missing.
dependencies = { "lua >= 5.4, < 5.5", "argparse >= 0.7" }
external_dependencies = { PROTOBUF_C = { header = "protobuf-c/protobuf-c.h" } }
-- Sources are generated from the proto, so the Makefile builds (GNU make; protoc-c comes with protobuf-c).
build = {
  type = "make",
  build_target = "module",
  build_variables = { BUILD = "build/rock-build", LUA_CFLAGS = "-I$(LUA_INCDIR)", CC = "$(CC)", CFLAGS = "$(CFLAGS)" },
  install_target = "install-module",
  install_variables = { BUILD = "build/rock-build", LUA_CFLAGS = "-I$(LUA_INCDIR)", CFLAGS = "$(CFLAGS)", LUADIR = "$(LUADIR)", LIBDIR = "$(LIBDIR)" },
  install = { bin = { ["tcpstats-lua"] = "lua/tcpstats/bin.lua" } },
}
