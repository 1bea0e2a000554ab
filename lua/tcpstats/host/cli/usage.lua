--- Wrong usage: raises what cli.main reports in one line before it ends with 2. Arguments as of string.format.
return function(format, ...) error({ usage = format:format(...) }, 0) end
