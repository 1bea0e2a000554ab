---@meta tcpstats.core
-- What csrc/lua gives to Lua, kept by hand. docs-check compares it with the module: each binding stands here, and nothing else.

--- The sockets of one pass, or a view of some of them. `#batch` is their number. A view has all of this too; nothing is copied for it.
---@class tcpstats.Batch
---@operator len: integer
---@field metadata tcpstats.CollectionMetadata When, where and how the batch was collected.
---@field summary tcpstats.SystemSummary? The system's own counters and the sockets by state; nil if they were not collected.
---@field tracked boolean Whether a tracker compared it with the batch before, or it is the first of a tracker.
---@field warnings tcpstats.Warning[] What went wrong without ending the pass.
local Batch = {}

---@class tcpstats.Warning
---@field what string What went wrong.
---@field code string
---@field offset integer The byte where, or 0.

--- The sockets for which predicate(socket) is true. batch:filter takes texts, too.
---@param predicate tcpstats.Filter|fun(s: tcpstats.Socket): any
---@return tcpstats.Batch view
function Batch:select(predicate) end

--- The connections that this pass sees first. Empty in the first pass.
---@return tcpstats.Batch view
function Batch:opened() end

--- The last values of the connections that are gone since the previous pass.
---@return tcpstats.Batch view
function Batch:closed() end

--- The batch in a format.
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? tcpstats.EmitOptions
---@return string
function Batch:encode(format, options) end

--- Writes the batch in a format to a descriptor, without making a Lua string of it. The code is "EPIPE" if the reader is gone.
---@param fd integer
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? tcpstats.EmitOptions
---@return true?
---@return string? what went wrong
---@return string? code
function Batch:write(fd, format, options) end

--- Iterates over the sockets. With names of fields it returns their values as well, which is faster than reading them from `s`:
---   for s, state, rtt_us in batch:each("state", "rtt_us") do ... end
--- `s` is one proxy that shows socket after socket; s:copy() keeps one.
---@param ... tcpstats.FieldName
---@return fun(): tcpstats.Socket, ...
function Batch:each(...) end

--- Calls hook(s, context) for every socket, each under pcall. handler(message) is called for an error, as a message handler of xpcall; the next
--- socket follows unless it returns false.
---@param hook fun(s: tcpstats.Socket, context: any)
---@param context any
---@param handler fun(message: any): any
---@return integer failed number of calls
function Batch:visit(hook, context, handler) end

--- One socket. `s.FIELD` is a [field](fields.md), nil if it is absent; a name that is not a field raises. `pairs(s)` iterates over the fields that
--- are present. `tostring(s)` is a line that no other socket of the pass has: `ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000`, and of a
--- socket without a peer, which may share its end, its socket_id or inode: `LISTEN 0.0.0.0:443 #4711`. One proxy shows socket after socket: it is valid only in
--- its loop or hook.
---@class tcpstats.Socket
local Socket = {}

--- A copy that stays valid after the loop or hook.
---@return tcpstats.Socket
function Socket:copy() end

--- The fields that are present.
---@return table<tcpstats.FieldName, any>
function Socket:totable() end

--- A compiled filter, from `tcpstats.filter`. `tostring(filter)` is its text.
---@class tcpstats.Filter
local Filter = {}

--- Whether a socket matches.
---@param socket tcpstats.Socket
---@return boolean
function Filter:matches(socket) end

--- The fields that it looks at.
---@return table<tcpstats.FieldName, true>
function Filter:fields() end

--- Whether the answer for a connection is the same as long as the connection lives: the filter names no states but LISTEN, no metrics and no owners.
---@return boolean
function Filter:is_stable() end

--- Compares each batch with the one before it. From `tcpstats.tracker`.
---@class tcpstats.Tracker
local Tracker = {}

--- The batch with deltas against the previous one, and with opened() and closed(). An argument after the batch that is not a table is ignored, so
--- that tracker:update(tcpstats.decode(bytes)) works although decode returns a position too.
---@param batch tcpstats.Batch
---@param options? { monotonic_ns?: integer } when the batch was collected, by a clock that never steps; without it, what the batch itself says
---@return tcpstats.Batch
function Tracker:update(batch, options) end

--- Memory in bytes, not counting the last batch.
---@return integer
function Tracker:size() end

--- An open source, from `tcpstats.open`.
---@class tcpstats.Source
local Source = {}

---@class tcpstats.PassOptions
---@field processes? boolean Look up owners.
---@field fields? table<tcpstats.FieldName, true> What is read: owners are looked up for a field of theirs.
---@field tcp_info? boolean Ask for the counters that cost one call per connection (macOS).
---@field tcp_info_limit? integer Make at most that many such calls.
---@field filter? tcpstats.Filter
---@field whole_table? boolean Have the kernel dump everything although the filter would allow less.
---@field tracker? tcpstats.Tracker
---@field schedule_name? string
---@field interval_ms? integer
---@field sequence? integer
---@field summary_only? boolean Leave out the sockets.
---@field hearers? tcpstats.Tracker[] Every tracker of the source: they hear of connections that end, whosever pass it is. None: nobody asks the kernel.

--- Reads every socket once. The code is "EEND" if a recording has no further pass. With several tables one dump serves all of them, and a batch is
--- returned for each; what they want of the source must be the same.
---@param options tcpstats.PassOptions
---@param ... tcpstats.PassOptions
---@return tcpstats.Batch?
---@return string? what went wrong
---@return string? code
function Source:pass(options, ...) end

--- Releases what the source holds. Fails if a recording could not be written to its end. A closed source raises; closing it again does nothing.
---@return true?
---@return string? what went wrong
---@return string? code
function Source:close() end

--- What a recording says of its next pass: `at_ns` is when it was made, by one clock throughout. An empty table for a live source.
---@return { schedule_name?: string, interval_ms?: integer, at_ns?: integer }?
---@return string? what went wrong
---@return string? code
function Source:upcoming() end

--- Between passes: takes what the kernel has said of connections that ended, so that its buffer does not overflow.
---@return integer? fd becomes readable when there is more; nothing if there is nothing to wait for
function Source:pump() end

--- Sleeps until the monotonic clock shows that time, and pumps meanwhile. A signal does not end it.
---@param until_ns integer
function Source:wait(until_ns) end

--- How far a capture has been read; nothing for any other source.
---@return integer? read bytes
---@return integer? total bytes, 0 if not known
function Source:progress() end

--- Limits what reading a pass of a recording may take.
---@param bytes integer of memory, 0: any; a pass that takes more is "EFORMAT"
---@param stop? lightuserdata from runtime.stop_flag: a read that is under way ends soon after it is set
function Source:limit(bytes, stop) end

--- "linux", "macos", "freebsd" or what a capture was recorded from.
---@return string
function Source:name() end

--- Whether it asks the running kernel.
---@return boolean
function Source:live() end

--- The fields that its sockets can ever have, on some release of the system and with everything asked for. Those that take a second pass to know
--- are among them only if passes are tracked.
---@param tracked? boolean
---@return table<tcpstats.FieldName, true>
function Source:fields(tracked) end

--- Rows of a batch on their way to an output, from core.chunks.
---@class tcpstats.Chunks
local Chunks = {}

--- Writes a chunk to a descriptor that does not block. What was written of a row that is not whole is remembered, see chunks:rewind.
---@param fd integer
---@return integer rows that were completed
---@return integer bytes that were written
---@return "more"|"done"|"wait"|"failed" how it ended: there are more chunks; there are none; it takes no more now; an error
---@return string? what went wrong
---@return string? code
function Chunks:send(fd) end

--- The next chunk: whole rows of at most `most` bytes, or one row that is larger.
---@param most integer
---@param split? boolean a message that is larger than `most` may become several
---@return string|false|nil bytes nil: there are no more; false: a message begun, or larger than `most` and not split
---@return integer? rows in it
---@return string? ends where each line of it ends, packed as "=I4"; "" if it is one message
---@return integer? sent how many of its bytes were sent before
function Chunks:next(most, split) end

--- Goes back to the last row that was wholly sent.
---@return integer torn how many bytes were sent after it
function Chunks:rewind() end

--- Rows that were not wholly taken.
---@return integer
function Chunks:left() end

--- The line of names that CSV begins with; nil if none was asked for.
---@return string?
function Chunks:header() end

--- The C module. Its functions are for lua/tcpstats; `require "tcpstats"` has those that are public.
---@class tcpstats.core
---@field version string
---@field batch_methods tcpstats.Batch What all batches have in common.
local core = {}

--- One number for each row, for core.top and core.fold: of a field, or of a function of the values of some fields and of `first`. A value that is
--- not a number counts as absent.
---@param batch tcpstats.Batch
---@param of tcpstats.FieldName|function
---@param fields? tcpstats.FieldName[]
---@param first? any
---@return userdata column
function core.column(batch, of, fields, first) end

--- The view of the n rows with the largest numbers, largest first.
---@param batch tcpstats.Batch
---@param n integer
---@param column userdata
---@return tcpstats.Batch view
function core.top(batch, n, column) end

--- Groups rows by fields or networks.
---@param batch tcpstats.Batch
---@param keys { field: tcpstats.FieldName, prefix4?: integer, prefix6?: integer }[]
---@param absent? boolean whether rows that lack a key field are a group, too
---@return userdata groups
---@return integer[] sizes
---@return any[][] keys for each of them a list of values
function core.group(batch, keys, absent) end

--- Groups rows by what a function returns for each; nil and NaN are in no group.
---@param batch tcpstats.Batch
---@param of function
---@param fields? tcpstats.FieldName[]
---@param first? any
---@return userdata groups
---@return integer[] sizes
---@return any[][] keys
function core.group_with(batch, of, fields, first) end

--- One group of all rows, none if there are no rows.
---@param batch tcpstats.Batch
---@return userdata groups
function core.group_all(batch) end

--- Each group's number, or false if it has none.
---@param groups userdata
---@param column userdata
---@param fold "count"|"sum"|"min"|"max"|"mean"|"percentile"|"at_most"
---@param parameter? number of "percentile" the percentage, of "at_most" what the numbers that are counted do not exceed
---@return (number|false)[] list
function core.fold(groups, column, fold, parameter) end

--- The indices 1 to n in the order of their values: largest first; those whose value is not a number come last. Equal ones are ordered by their keys:
--- numbers first, then the texts of the others.
---@param values table
---@param keys table
---@param n integer
---@return integer[]
function core.order(values, keys, n) end

--- Replaces a file as a whole: written beside it as PATH.tmp and renamed. If the path is a symbolic link, what it points to is replaced. The old
--- file's permissions and owner stay; a new one has 0644, whatever the umask.
---@param path string
---@param text string
---@return true?
---@return string? what went wrong
---@return string? code
function core.replace_file(path, text) end

--- Removes a file, or what the symbolic link of that name points to. That there is none is no failure.
---@param path string
---@return true?
---@return string? what went wrong
---@return string? code
function core.remove_file(path) end

--- The fields of a message that a platform's kernel feeds, as the proto's comments say ("Linux: tcpi_rtt").
---@param platform string "LINUX", "MACOS" or "FREEBSD", as in metadata.platform; of another nothing is known: all
---@param message string "TcpSocketRecord" or "SystemSummary"
---@return table<string, true>
function core.fed_by(platform, message) end

--- One socket as a JSON object.
---@param socket tcpstats.Socket
---@param style? "canonical"|"text"|"flat" (flat)
---@return string
function core.socket_json(socket, style) end

--- A length-delimited BatchMessage with this record and nothing else.
---@param socket tcpstats.Socket
---@return string
function core.socket_protobuf(socket) end

--- Reads one length-delimited BatchMessage. The code is "ETRUNCATED" if the message goes on after the bytes.
---@param bytes string
---@param position? integer of its first byte (1)
---@return tcpstats.Batch?
---@return integer? position of the byte after it
---@return string? code
function core.decode(bytes, position) end

--- What a decoded batch would have been here: with deltas, opened() and closed(), without what the filter rejects.
---@param batch tcpstats.Batch
---@param tracker? tcpstats.Tracker
---@param filter? tcpstats.Filter
---@return tcpstats.Batch?
---@return string? what went wrong
---@return string? code
function core.replay(batch, tracker, filter) end

--- The batch's rows on their way to an output, encoded when they are taken. Chunks of CSV have no line of names, see chunks:header.
---@param batch tcpstats.Batch
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? tcpstats.EmitOptions
---@return tcpstats.Chunks
function core.chunks(batch, format, options) end

--- Nanoseconds of a clock that never steps.
---@return integer
function core.monotonic_ns() end

--- Nanoseconds since the epoch.
---@return integer
function core.realtime_ns() end

--- Sleeps until the monotonic clock shows that. A signal does not end it.
---@param until_ns integer
function core.sleep(until_ns) end

--- Compiles a filter. The message names word and column; the code is "EUSAGE".
---@param text string
---@return tcpstats.Filter?
---@return string? what went wrong
---@return string? code
function core.filter(text) end

--- A function that says whether an address lies in a network ("10.0.0.0/8").
---@param text string
---@return (fun(address: string): boolean)?
---@return string? what is wrong
function core.network(text) end

--- An address as fields show it ("2001:db8::1"), however it is spelled.
---@param text string
---@return string?
---@return string? what is wrong
function core.address(text) end

--- The fields of a socket in the order of their numbers. `words` are the values of an enum.
---@return { name: tcpstats.FieldName, number: integer, type: string, help: string, words?: any[] }[]
function core.fields() end

--- The fields of a message in the order of their numbers.
---@param name "CollectionMetadata"|"SystemSummary"
---@return { name: string, number: integer, help: string }[]
function core.message_fields(name) end

--- The entry of a list that a word was probably meant to be (csrc/base/nearest.h), or nil.
---@param word string
---@param list string[]
---@return string?
function core.nearest(word, list) end

--- As batch:each.
---@param batch tcpstats.Batch
---@param ... tcpstats.FieldName
---@return fun(): tcpstats.Socket, ...
function core.each(batch, ...) end

--- The fields that were asked for since the last call: named in a call of a batch's methods, or read of a socket that lacks them.
---@return table<tcpstats.FieldName, true>
function core.missed() end

--- As batch:visit. Raises if there is no memory.
---@param batch tcpstats.Batch
---@param hook fun(s: tcpstats.Socket, context: any)
---@param context any
---@param handler fun(message: any): any
---@return integer failed number of calls
function core.visit(batch, hook, context, handler) end

--- What the running system knows of this process's TCP socket with the descriptor `fd`, as a copy. The code is "EUSAGE" if the descriptor is not an
--- open TCP socket.
---@param fd integer
---@return tcpstats.Socket?
---@return string? what went wrong
---@return string? code
function core.socket_info(fd) end

--- Opens a source.
---@param spec string as for -s
---@param record? string name of a capture that keeps every answer of the kernel
---@return tcpstats.Source?
---@return string? what went wrong
---@return string? code
function core.open(spec, record) end

--- Opens a source over bytes.
---@param name "linux"|"macos"|"freebsd"
---@param bytes string
---@param options? table the source's keys, with bytes in place of files
---@return tcpstats.Source?
---@return string? what went wrong
---@return string? code
function core.open_bytes(name, bytes, options) end

--- Where sockets can be read from.
---@return { name: string, help: string, live: boolean, keys: { key: string, help: string }[] }[]
function core.sources() end

--- An empty tracker, for source:pass{tracker=} or tracker:update.
---@param options? { closed?: boolean } closed=false: connections that are gone are not reported, and the last batch is not kept for that
---@return tcpstats.Tracker
function core.tracker(options) end

--- The text as a screen may show it, see tcpstats.text.clean.
---@param text string
---@param ascii? boolean `?` for every character beyond ASCII
---@return string
function core.clean(text, ascii) end

--- The columns that a text takes on a screen.
---@param text string
---@return integer
function core.width(text) end

--- The text, cut where it is wider: its beginning, an ellipsis and its end.
---@param text string
---@param columns integer
---@param ascii? boolean the ellipsis is "..."
---@param end_quarters? integer how many of four parts of what is left are the end (0)
---@param keep? integer bytes of the end that are not cut (0)
---@return string
function core.cut(text, columns, ascii, end_quarters, keep) end

--- A number human-readable, see tcpstats.text.
---@param number number
---@param unit "bytes"|"count"|"number"|"microseconds"|"milliseconds"
---@return string
function core.human(number, unit) end

--- An end of a connection as text, see tcpstats.text.local_end.
---@param address string?
---@param port integer?
---@param zone? string|integer an interface's name or number
---@param both? boolean the wildcard of IPv6 takes IPv4, too
---@return string
function core.endpoint(address, port, zone, both) end

--- A table of sockets, see lua/tcpstats/columns.lua.
---@class tcpstats.Table
---@field columns table[] of {shown=, fields=, right=, dash=, per_second=, paint=, end_quarters=, width=}, as csrc/encode/table.h has them
---@field seconds? number that the batch's deltas cover
---@field colored? boolean
---@field ascii? boolean

--- How wide the widest text of each column is; 0: no socket has one.
---@param batch tcpstats.Batch
---@param table tcpstats.Table
---@return integer[]
function core.table_widths(batch, table) end

--- The lines of some sockets, each with its newline.
---@param batch tcpstats.Batch
---@param table tcpstats.Table
---@param from integer the first socket
---@param to integer the last one
---@return string
function core.table_lines(batch, table, from, to) end

--- A value as JSON on one line, see tcpstats.json.
---@param value any
---@return string? json
---@return string? what where the first number stood that is not finite ("peers[3].rate"); or what went wrong
---@return string? code
function core.json(value) end

return core
