local exposition = require "tcpstats.exposition"

describe("an exposition", function()
  it("writes numbers as short as they are exact, labels escaped and in UTF-8", function()
    local out = exposition.new()
    out:add("a", "gauge", "Of \\ and\nlines.", "", 0.1)
    out:add("a", "gauge", "", exposition.labels({ "c", "empty", "none", "d" }, { 'a"b\\c\nd\xff', "", nil, 7 }), 1 / 3)
    out:add("b_total", "counter", "B.", exposition.with("", "x", "y"), 9007199254740993)
    assert.equal([[
# HELP a Of \\ and\nlines.
# TYPE a gauge
a 0.1
a{c="a\"b\\c\nd\\xff",d="7"} 0.33333333333333331
# HELP b_total B.
# TYPE b_total counter
b_total{x="y"} 9007199254740993
# EOF
]], out:text())
  end)

  it("names families of counters in OpenMetrics, and writes bounds of histograms as floats", function()
    local out = exposition.new(true)
    out:add("b_total", "counter", "B.", "", 1)
    out:add_histogram("h", "H.", '{a="b"}', { 0.25, 1 }, { 1, 2 }, 3.5, 4)
    assert.equal([[
# HELP b B.
# TYPE b counter
b_total 1
# HELP h H.
# TYPE h histogram
h_bucket{a="b",le="0.25"} 1
h_bucket{a="b",le="1.0"} 2
h_bucket{a="b",le="+Inf"} 4
h_sum{a="b"} 3.5
h_count{a="b"} 4
# EOF
]], out:text())
  end)
end)
