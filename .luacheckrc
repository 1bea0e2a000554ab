std = "lua54"
max_line_length = 180
ignore = { "512" } -- a loop that is executed at most once: `for s in batch:each() do return ... end` takes the first
exclude_files = { "types" } -- annotations, not programs
files["spec"] = { std = "+busted" }
files["**/*.rockspec"] = { std = "+rockspec" }
