---@meta tcpstats.core
-- Made by `make docs`; do not edit.

---@class tcpstats.core
local core = {}

---Or core.column(batch, function, fields, first) -> a number for each row; whatever is no number counts as none.
---@param batch tcpstats.Batch
---@param field any
function core.column(batch, field) end

---@param batch tcpstats.Batch
---@param n integer
---@param column any
---@return tcpstats.Batch # the view of the n rows with the largest numbers, largest first
function core.top(batch, n, column) end

---@param batch tcpstats.Batch
---@param options { field?: any, prefix4?: any, prefix6?: any }[]
---@param absent any
---@return tcpstats.Groups # groups, a list of sizes, for each key a list of values
function core.group(batch, options, absent) end

---By what the function says of each row; nil and NaN are no group.
---@param batch tcpstats.Batch
---@param function_ any
---@param fields (string|tcpstats.FieldName)[]
---@param first any
---@return tcpstats.Groups
---@return any
---@return table
function core.group_with(batch, function_, fields, first) end

---One group of all rows, none when there are none.
---@param batch tcpstats.Batch
---@return tcpstats.Groups
function core.group_all(batch) end

---Each group's number, or false when it has none. `fold` is "count", "sum", "min", "max", "mean" or "percentile".
---@param groups tcpstats.Groups
---@param column any
---@param fold any
---@param percent? number
---@return any[]
function core.fold(groups, column, fold, percent) end

---One object; style is "canonical", "text" or "flat" (which it is without one).
---@param socket tcpstats.Socket
---@param style? any
---@return string
function core.socket_json(socket, style) end

---The position is behind the batch. "ETRUNCATED": the message goes on behind the bytes.
---@param bytes string
---@param position? integer
---@return tcpstats.Batch?
---@return integer?
---@return string? code
function core.decode(bytes, position) end

---@param socket tcpstats.Socket
---@return any # a length-delimited BatchMessage with this record and nothing else
function core.socket_protobuf(socket) end

---With deltas, comings and goings, less what the filter refuses.
---@param batch tcpstats.Batch
---@param tracker? tcpstats.Tracker
---@param filter? string|tcpstats.Filter
---@return tcpstats.Batch? # batch What a decoded batch would have been here
---@return string? what # what went wrong
---@return string? code
function core.replay(batch, tracker, filter) end

---The batch's rows on their way to an output, encoded when they are taken. Arguments as of batch:encode; the line of names of "csv" is not among the chunks: see core.csv_header.
---@param batch tcpstats.Batch
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? table
---@return tcpstats.Chunks
function core.chunks(batch, format, options) end

---Of a clock that never steps.
---@return integer
function core.monotonic_ns() end

---Since the epoch.
---@return integer
function core.realtime_ns() end

---Until the monotonic clock shows that. A signal does not end it.
---@param until_ns integer
function core.sleep(until_ns) end

---The text names word and column, the code is "EUSAGE".
---@param text string
---@return tcpstats.Filter?
---@return string? what # what went wrong
---@return string? code
function core.filter(text) end

---@param text string
---@return function|nil # a function that tells whether an address (text) lies in the network ("10.0.0.0/8"); or nil, what is wrong with it
function core.network(text) end

---@param text string
---@return any # the address as fields show it ("2001:db8::1"), however it is spelled; or nil, what is wrong with it
function core.address(text) end

---The fields of a socket in the order of their numbers.
---@return { name?: string, number?: integer, type?: string, help?: string, words?: any[] }[] # list of {name=, number=, type=string, help=, words=}
function core.fields() end

---The fields of "CollectionMetadata" or "SystemSummary".
---@param name string
---@return { name?: string, number?: integer, help?: string }[] # list of {name=, number=, help=}
function core.message_fields(name) end

---Base/nearest.h says what is.
---@param word any
---@param list any
---@return any # the entry of the list that the word was probably meant to be, nil when nothing is near
function core.nearest(word, list) end

---The same.
---@param batch tcpstats.Batch
---@param ... any
---@return fun(): ...
function core.each(batch, ...) end

---The same. Raises when there is no memory.
---@param batch tcpstats.Batch
---@param hook fun(s: tcpstats.Socket, context: any)
---@param context any
---@param handler fun(message: any): any
---@return integer
function core.visit(batch, hook, context, handler) end

---What the running system tells of this process's TCP socket with the descriptor `fd`, as a copy. "EUSAGE": the descriptor is no open TCP socket.
---@param fd integer
---@return tcpstats.Socket?
---@return string? what # what went wrong
---@return string? code
function core.socket_info(fd) end

---`record` names the capture that keeps every answer of the kernel.
---@param spec string
---@param record? string
---@return tcpstats.Source?
---@return string? what # what went wrong
---@return string? code
function core.open(spec, record) end

---The options are the source's keys, with bytes in place of files.
---@param name string
---@param bytes string
---@param options? table
---@return tcpstats.Source?
---@return string? what # what went wrong
---@return string? code
function core.open_bytes(name, bytes, options) end

---Where sockets can be read from.
---@return { name?: string, help?: string, live?: boolean, keys?: { key?: string, help?: string }[] }[] # list of {name=, help=, live=, keys={{key=string, help=}}}
function core.sources() end

---An empty one, for source:pass{tracker=} or tracker:update. With closed=false nobody is told as closed, and the last batch is not kept for that.
---@param options? { closed?: boolean }
---@return tcpstats.Tracker
function core.tracker(options) end

return core
