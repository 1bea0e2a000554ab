std = "lua54"
max_line_length = 150
files["spec"] = { std = "+busted", max_line_length = 170 }
files["**/*.rockspec"] = { std = "+rockspec" }
