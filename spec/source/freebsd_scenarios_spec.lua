-- freebsd_scenarios.c scripts the kernels, freebsd_push_down.c plays the tcpstats module; every line of their TAP is a test here.
local support = require "spec.support"

describe("the collector of FreeBSD, against a kernel that misbehaves:", function() support.tap "source/freebsd_scenarios" end)

describe("what the tcpstats module leaves out for a filter:", function() support.tap "source/freebsd_push_down" end)
