---@meta tcpstats.runtime
-- What csrc/runtime gives to Lua, kept by hand. docs-check compares it with the module: each binding stands here, and nothing else.

--- What is process-wide. Only hosts load it.
---@class tcpstats.runtime
local runtime = {}

--- Reads what is available; "" at the end.
---@param fd integer
---@param most integer bytes at most
---@return string?
---@return string? what went wrong
---@return string? code
function runtime.read(fd, most) end

--- Writes all of it.
---@param fd integer
---@param bytes string
---@return true?
---@return string? what went wrong
---@return string? code
function runtime.write(fd, bytes) end

--- Opens a file for writing; creates it if it does not exist, empties it unless `append`.
---@param path string
---@param append? boolean
---@param mode? integer permissions of a new file, less the umask (0640)
---@return integer? fd
---@return string? what went wrong
---@return string? code
function runtime.open_file(path, append, mode) end

--- Closes a descriptor. A full disk may show only here.
---@param fd integer
---@return true?
---@return string? what went wrong
---@return string? code
function runtime.close_file(fd) end

--- Size of a file in bytes.
---@param fd integer
---@return integer?
---@return string? what went wrong
---@return string? code
function runtime.file_size(fd) end

--- Whether a descriptor is a terminal.
---@param fd integer
---@return boolean
function runtime.isatty(fd) end

--- Whether standard error goes to systemd's journal.
---@return boolean
function runtime.is_journal() end

--- Gives a pipe 1 MB, so that a slow reader costs fewer switches; does nothing to anything else.
---@param fd integer
function runtime.pipe_room(fd) end

--- From here on SIGINT and SIGTERM stop, SIGHUP reloads, SIGWINCH is noted, and SIGPIPE and SIGXFSZ (a file that may not grow) are errors of the write.
function runtime.handle_signals() end

--- Whether to stop, to reload, and to look at the terminal's size again; the last two are reported once.
---@return boolean stop
---@return boolean reload
---@return boolean resized
function runtime.signals() end

--- Whether a signal asked for the end. Does not reset anything.
---@return boolean
function runtime.stopping() end

--- What source:limit takes: not 0 after a signal that asked for the end.
---@return lightuserdata
function runtime.stop_flag() end

--- The size of a terminal; nothing if the descriptor is not one or does not know.
---@param fd integer
---@return integer? columns
---@return integer? rows
function runtime.terminal_size(fd) end

--- Makes keys typed at `input` readable at once, without showing them. Ctrl-C still interrupts; Ctrl-Z is a key, because a stopped screen would stay
--- as it is.
---@param input integer descriptor
---@param output integer descriptor
---@param enter string written to `output` now
---@param leave string written when the terminal is restored
---@return tcpstats.RawTerminal?
---@return string? what went wrong
---@return string? code
function runtime.terminal_raw(input, output, enter, leave) end

--- Sleeps until a descriptor is ready, a signal comes that the host asked for, or the monotonic clock shows `until_ns`. A descriptor that hung up or
--- is not open is ready for whatever was wanted of it, which then says why.
---@param until_ns integer
---@param fds integer[] descriptors
---@param wanted integer[] what is waited for of each: 1 to read, 2 to write, 3 either
---@param ready integer[] gets the same of what came, 0 for nothing
---@param through_signals? boolean a signal does not end the sleep
---@return integer count of descriptors that are ready
function runtime.poll(until_ns, fds, wanted, ready, through_signals) end

--- What is said of a script that is interrupted: it used its processor time, it waited too long, a signal ended the run, it wanted more memory than it
--- may have.
---@param reasons { ran: string, waited: string, ends: string, memory: string } its error
---@param last_words string written to standard error after the call's label if it cannot be interrupted and the process ends; at most 256 bytes of it
function runtime.set_texts(reasons, last_words) end

--- Calls a script's function, interrupted when it has used limit_ns of the processor (0: never) or waited four times as long, and held to the memory
--- limit.
---@param handler function made by runtime.guard
---@param limit_ns integer
---@param label string begins the last words of a process that ends because of this call
---@param f function
---@param ... any
---@return boolean ok
---@return any ... results, or what the handler made of the error
function runtime.protect(handler, limit_ns, label, f, ...) end

--- As os.execute; a script that waits in it can be interrupted, which ends the command.
---@param command? string
---@return boolean? ok
---@return "exit"|"signal"|string? how
---@return integer? code
function runtime.execute(command) end

--- As io.popen; a script that waits for it can be interrupted, which ends the command. So does collecting the file, two seconds later.
---@param command string
---@param mode? "r"|"w"
---@return file*?
---@return string? what went wrong
---@return integer? errno
function runtime.popen(command, mode) end

--- A function that does the same and is never interrupted, nor refused memory: for what the host lends to scripts. It raises without a position
--- (error(text, 0)). No metamethod of a script may run in it, for nothing would end one that loops: if any argument is a table or userdata, `prepare`
--- gets the arguments first, while it is still the script that runs, and returns plain ones.
---@param f function
---@param prepare? function
---@return function
function runtime.guard(f, prepare) end

--- Whether the script's call that is going on is being interrupted.
---@return boolean
function runtime.interrupted() end

--- From here on the watchdog reaches into coroutines and message handlers. Call it once, before a script is loaded.
function runtime.watch_coroutines() end

--- Limits the memory of scripts; 0 no limit. Without an argument the state gets its own allocator back.
---@param bytes? integer
function runtime.limit_memory(bytes) end

--- Writes to a descriptor that does not block.
---@param fd integer
---@param bytes string
---@param from? integer the first byte to write (1)
---@return integer? count of bytes that it took
---@return string? what went wrong
---@return string? code "EAGAIN": it takes none now
function runtime.send(fd, bytes, from) end

--- Opens the same pipe or terminal again, as a descriptor of our own that does not block. Whoever shares `fd` still blocks.
---@param fd integer
---@return integer? fd nil if this system cannot do that
function runtime.open_again(fd) end

--- Makes a descriptor block or not, for everybody who shares it.
---@param fd integer
---@param blocks boolean
---@return boolean blocked before
function runtime.set_blocking(fd, blocks) end

--- What a descriptor leads to.
---@param fd integer
---@return "file"|"pipe"|"socket"|"terminal"|"device" kind
function runtime.kind_of(fd) end

--- Whether this process was started at a terminal and can still reach it.
---@return boolean
function runtime.has_terminal() end

--- Bytes of a regular file; nil if there is none of that name.
---@param path string
---@return integer?
function runtime.size_of(path) end

--- Cuts a file; what is written next follows there.
---@param fd integer
---@param size integer
---@return true?
---@return string? what went wrong
---@return string? code
function runtime.truncate(fd, size) end

--- Bytes that were written and that no reader has: of a TCP connection those that the other system has not acknowledged, of a pipe those in it. nil if
--- the system does not say. Of a Unix socket it only says when there are none, and a number that falls when its reader reads.
---@param fd integer
---@return integer? bytes
---@return integer? left
function runtime.unsent(fd) end

--- The address of a Unix socket, for runtime.connect.
---@param path string
---@return string? address
---@return string? what went wrong
---@return string? code
function runtime.unix_address(path) end

--- Opens a socket that does not block, to an address.
---@param address string of runtime.unix_address or a resolver
---@param kind "stream"|"datagram"
---@return integer? fd
---@return boolean|string connected at once; else it becomes writable when it is decided, see runtime.socket_error. Or what went wrong
---@return string? code
function runtime.connect(address, kind) end

--- The error that a socket has noted, once.
---@param fd integer
---@return true?
---@return string? what went wrong
---@return string? code
function runtime.socket_error(fd) end

--- A question for the addresses of a host, which a thread answers.
---@class tcpstats.Resolver
local Resolver = {}

--- A descriptor that becomes readable when there is an answer.
---@return integer
function Resolver:fd() end

--- The answer: addresses in the order in which to try them; false if there is none yet.
---@return string[]|false|nil addresses
---@return string? what went wrong
---@return string? code
function Resolver:addresses() end

--- The answer is no longer wanted.
function Resolver:close() end

--- Asks for the addresses of a host.
---@param host string
---@param port integer
---@param kind "stream"|"datagram"
---@return tcpstats.Resolver?
---@return string? what went wrong
---@return string? code
function runtime.resolve(host, port, kind) end

--- How many bytes of a file are whole length-delimited BatchMessages, from its beginning on.
---@param path string
---@param most_reads integer of 64 KB each
---@return integer? bytes; what follows is a part of a message, or zeros
---@return boolean|string all whether all of the file was read; or what went wrong
---@return string? code "EFORMAT": it is something else
function runtime.whole_messages(path, most_reads) end

return runtime
