-- linux_scenarios.c scripts the kernels; every line of its TAP is a test here.
local support = require "spec.support"

describe("the collector of Linux, against a kernel that misbehaves:", function() support.tap "source/linux_scenarios" end)
