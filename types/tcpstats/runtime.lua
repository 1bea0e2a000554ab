---@meta tcpstats.runtime
-- Made by `make docs`; do not edit.

---@class tcpstats.runtime
local runtime = {}

---The end)
---@param fd integer
---@param most any
---@return string? # bytes that are there (""
---@return string? what # what went wrong
---@return string? code
function runtime.read(fd, most) end

---Writes all of it.
---@param fd integer
---@param bytes string
---@return true?
---@return string? what # what went wrong
---@return string? code
function runtime.write(fd, bytes) end

---Made when it is not there, emptied unless `append`.
---@param path string
---@param append? boolean
---@return integer?
---@return string? what # what went wrong
---@return string? code
function runtime.open_file(path, append) end

---A full disk may show only here.
---@param fd integer
---@return true?
---@return string? what # what went wrong
---@return string? code
function runtime.close_file(fd) end

---@param fd integer
---@return string?
---@return string? what # what went wrong
---@return string? code
function runtime.file_size(fd) end

---Whether it is a terminal.
---@param fd integer
---@return boolean
function runtime.isatty(fd) end

---A pipe gets 1 MB, so that a slow reader costs fewer switches; anything else is left alone.
---@param fd integer
function runtime.pipe_room(fd) end

---SIGINT and SIGTERM stop, SIGHUP reloads, SIGWINCH is noted, SIGPIPE is an error of the write.
function runtime.handle_signals() end

---Whether to stop, to reload, to look at the terminal's size again; the last two are reported once.
---@return boolean
---@return boolean
---@return boolean
function runtime.signals() end

---@return boolean # whether a signal asked for the end; takes nothing
function runtime.stopping() end

---; nothing when it is no terminal or does not know.
---@param fd integer
---@return integer
---@return any
function runtime.terminal_size(fd) end

---Ctrl-C still interrupts; Ctrl-Z is a key, because a stopped screen would stay as it is. `enter` is written to `out` now, `leave` when the terminal is put back.
---@param in_ any
---@param out any
---@param enter any
---@param leave any
---@return any # an object with restore(), or nil, text, "ESYSTEM" Keys typed at `in` can be read at once and are not shown
function runtime.terminal_raw(in_, out, enter, leave) end

---How many descriptors are ready. Sleeps until one is, a signal comes that the host asked for, or the monotonic clock shows `until_ns`. `fds` lists descriptors, `wanted` what is waited for of each: 1 to read, 2 to write, 3 either. `ready` is a table that gets the same of what came, 0 for nothing. A descriptor that hung up or is not one is ready for whatever was wanted of it, which then says why. `through_signals`: a signal does not end the sleep.
---@param until_ns integer
---@param fds any
---@param wanted any
---@param ready any
---@param through_signals? any
---@return integer
function runtime.poll(until_ns, fds, wanted, ready, through_signals) end

---What the error of a script says that ran out of time, and what is written to standard error when it cannot be interrupted and the process ends (at most 256 bytes of it).
---@param interrupted any
---@param last_words any
function runtime.set_texts(interrupted, last_words) end

---; or false, what the handler made of the error Calls a script's function: interrupted after limit_ns (0: never) and held to the memory limit. The handler is one that runtime.guard made.
---@param handler fun(message: any): any
---@param limit_ns integer
---@param function_ any
---@param ... any
---@return true
---@return any
function runtime.protect(handler, limit_ns, function_, ...) end

---For what the host lends to scripts. It raises without a position (error(text, 0)). No metamethod of a script may run in it, for nothing would end one that loops: `prepare` (may be nil) gets the arguments first, if any is a table or userdata, while it is still the script that runs, and gives those that are plain.
---@param function_ any
---@param prepare any
---@return function # a function that does the same and is never interrupted, nor refused memory
function runtime.guard(function_, prepare) end

---@return boolean # whether the script's call that is going on ran out of time
function runtime.interrupted() end

---From here on the watchdog reaches into coroutines and message handlers. Once, before a script is loaded.
function runtime.watch_coroutines() end

---More than that (0: no limit) scripts do not get. runtime.limit_memory() gives the state its own allocator back.
---@param bytes string
function runtime.limit_memory(bytes) end

return runtime
