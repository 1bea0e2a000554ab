#!/usr/bin/env lua
-- tcpstats-lua as a rock installs it: the same program on the Lua that is there.
require("tcpstats.host.search").drop_relative()
os.exit(require("tcpstats.host.cli").main(arg), true)
