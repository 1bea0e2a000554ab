-- macos_scenarios.c scripts the kernels; every line of its TAP is a test here.
local support = require "spec.support"

describe("the collector of macOS, against a kernel that misbehaves:", function() support.tap "source/macos_scenarios" end)
