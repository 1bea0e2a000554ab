---@meta tcpstats
-- Made by `make docs`; do not edit.

---Linux's congestion state machine (enum tcp_ca_state).
---@alias tcpstats.CongestionState "OPEN"|"DISORDER"|"CWR"|"RECOVERY"|"LOSS"

---@alias tcpstats.DataSource "UNKNOWN"|"MACOS_PCBLIST_N"|"MACOS_TCP_CONN_INFO"|"FREEBSD_PCBLIST"|"FREEBSD_TCP_INFO"|"FREEBSD_KLD"|"KERN_FILE"|"LINUX_INET_DIAG"|"LINUX_PROC"|"MACOS_TCP_INFO"|"LINUX_TCP_INFO"

---@alias tcpstats.IpVersion "UNKNOWN"|4|6

---@alias tcpstats.Platform "UNKNOWN"|"MACOS"|"FREEBSD"|"LINUX"

---@alias tcpstats.TcpState "UNKNOWN"|"CLOSED"|"LISTEN"|"SYN_SENT"|"SYN_RECEIVED"|"ESTABLISHED"|"CLOSE_WAIT"|"FIN_WAIT_1"|"CLOSING"|"LAST_ACK"|"FIN_WAIT_2"|"TIME_WAIT"

---The name of a field of a socket.
---@alias tcpstats.FieldName "local_addr"|"remote_addr"|"local_port"|"remote_port"|"ip_version"|"socket_id"|"state"|"tcp_flags"|"snd_cwnd"|"snd_ssthresh"|"snd_wnd"|"rcv_wnd"|"maxseg"|"cc_algo"|"tcp_stack"|"rtt_us"|"rttvar_us"|"rto_us"|"rtt_min_us"|"rtt_cur_us"|"rtt_update_count"|"snd_nxt"|"snd_una"|"snd_max"|"rcv_nxt"|"rcv_adv"|"snd_wscale"|"rcv_wscale"|"rexmit_packets"|"ooo_packets"|"zerowin_probes"|"dupacks"|"sack_blocks"|"dsack_bytes"|"dsack_packets"|"rxt_shift"|"tx_bytes"|"rx_bytes"|"tx_packets"|"rx_packets"|"retransmit_bytes"|"ooo_bytes"|"retransmit_packets_total"|"timer_rexmt_ms"|"timer_persist_ms"|"timer_keep_ms"|"timer_2msl_ms"|"timer_delack_ms"|"idle_time_ms"|"snd_buf_used"|"snd_buf_hiwat"|"rcv_buf_used"|"rcv_buf_hiwat"|"pid"|"effective_pid"|"uid"|"fd"|"command"|"ecn_flags"|"ecn_ce_delivered"|"ecn_ce_received"|"negotiated_options"|"tfo_state_macos"|"tfo_negotiated"|"in_loss_recovery"|"reordering_detected"|"tlp_probes_sent"|"tlp_bytes_sent"|"encaps_port"|"inp_gencnt"|"start_time_secs"|"delta_rexmit_packets"|"delta_ooo_packets"|"delta_zerowin"|"connection_age_ms"|"delta_tx_bytes"|"delta_rx_bytes"|"sources"|"delta_retransmit_bytes"|"delta_tx_packets"|"delta_rx_packets"|"time_in_state_ms"|"age_ms"|"scope_id"|"interface_index"|"interface"|"shared_descriptors"|"dual_stack"|"accept_queue"|"accept_backlog"|"incomplete_queue"|"socket_error"|"tos"|"tclass"|"half_open"|"user_space"|"mptcp_map_subflow_seq"|"mptcp_subflow_offset"|"inode"|"mark"|"cgroup_id"|"cgroup"|"class_id"|"shutdown"|"v6only"|"ulp"|"md5sig_keys"|"timer_retransmits"|"skmem_rmem_alloc"|"skmem_wmem_alloc"|"skmem_fwd_alloc"|"skmem_wmem_queued"|"skmem_optmem"|"skmem_backlog"|"socket_drops"|"mptcp_token_remote"|"mptcp_token_local"|"mptcp_id_remote"|"congestion_state"|"retransmits"|"probes"|"ecn_seen"|"delivery_rate_app_limited"|"fastopen_client_fail"|"ato_us"|"rcv_mss"|"unacked"|"sacked"|"lost"|"retrans_in_flight"|"last_data_sent_ms"|"last_ack_recv_ms"|"pmtu"|"rcv_ssthresh"|"advmss"|"reordering"|"rcv_rtt_us"|"rcv_space"|"pacing_rate"|"max_pacing_rate"|"bytes_acked"|"notsent_bytes"|"data_segs_in"|"data_segs_out"|"delivery_rate"|"busy_time_us"|"rwnd_limited_us"|"sndbuf_limited_us"|"delivered"|"reord_seen"|"rehash"|"total_rto"|"total_rto_recoveries"|"total_rto_time_ms"|"fackets"|"delivered_e1_bytes"|"delivered_e0_bytes"|"delivered_ce_bytes"|"received_e1_bytes"|"received_e0_bytes"|"received_ce_bytes"|"mptcp_id_local"|"mptcp_map_seq"|"bbr_bw"|"bbr_min_rtt_us"|"bbr_pacing_gain"|"bbr_cwnd_gain"|"dctcp_enabled"|"dctcp_ce_state"|"dctcp_alpha"|"dctcp_ab_ecn"|"dctcp_ab_tot"|"vegas_enabled"|"vegas_rtt_count"|"vegas_rtt_us"|"vegas_min_rtt_us"|"tls_version"|"tls_cipher"|"tls_rxconf"|"tls_txconf"|"socket_options"|"mptcp_flags"|"tls_zerocopy"|"timers_armed"|"tx_unacked_bytes"|"rx_duplicate_bytes"|"snd_bw_bps"|"syn_retransmits"|"cell_rx_bytes"|"cell_tx_bytes"|"wifi_rx_bytes"|"wifi_tx_bytes"|"wired_rx_bytes"|"wired_tx_bytes"|"last_out_interface"|"last_out_interface_type"|"local_peer"|"background"|"ecn_setup"|"l4s_enabled"|"ecn_cwr_received"|"paws_drops"|"sack_recoveries"|"reordered_packets"|"dsack_sent"|"accecn_client_state"|"accecn_server_state"|"ecn_packets_sent"|"ecn_packets_acked"|"ecn_packets_marked"|"ecn_packets_lost"|"accecn_ce_packets_received"|"flow_control_us"|"fib"|"ttl"|"flow_id"|"log_id"|"dsack_tlp_bytes"|"mptcp_map_length"

---@class tcpstats.CollectionMetadata
---@field timestamp_ns? integer When the pass began, nanoseconds since the epoch (wall clock). Implicit.
---@field hostname? string Name of the host. Implicit.
---@field platform? tcpstats.Platform The kernel's platform. Implicit.
---@field os_version? string Release of the operating system: uname's release on Linux and FreeBSD, kern.osproductversion on macOS. Implicit.
---@field interval_ms? integer Interval of the schedule, milliseconds. Implicit.
---@field schedule_name? string Name of the schedule. Implicit.
---@field data_sources? tcpstats.DataSource[] What fed the batch.
---@field collection_duration_ns? integer What asking the kernel and parsing its answers took, nanoseconds. Implicit.
---@field pcblist_generation? integer Generation of the kernel's table of connections: xig_gen of the BSDs.
---@field batch_sequence? integer Number of the pass in its schedule, from 1; a gap tells of passes that were skipped. Implicit.
---@field tool_version? string Version of tcpstats. Implicit.
---@field inconsistent? boolean The table changed while it was read and a bounded number of retries did not help: the records are consistent, the set may miss or repeat one.
---@field retries? integer Dumps that were read again because the table had changed or had outgrown the buffer.

---@class tcpstats.StateBucket
---@field state? tcpstats.TcpState The state. Implicit.
---@field count? integer Sockets in it. Implicit.

---What the host's TCP did and how it stands. A counter is the change since the previous pass of the same schedule: absent in the first pass and in one where the kernel's counter went backwards. Linux counts for the network namespace of tcpstats unless said otherwise.
---@class tcpstats.SystemSummary
---@field timestamp_ns? integer When the counters were read, nanoseconds since the epoch. Implicit.
---@field interval_ms? integer Interval that the deltas cover, milliseconds (monotonic clock); absent in the first pass. Implicit.
---@field total_sockets? integer Sockets of the pass, filtered ones included. Implicit. FreeBSD: net.inet.tcp.states.
---@field state_counts? tcpstats.StateBucket[] Sockets by state, states that occur only. From the records. FreeBSD: net.inet.tcp.states.
---@field delta_conn_attempts? integer Connections initiated. Linux: ActiveOpens. macOS: tcps_connattempt. FreeBSD: tcps_connattempt.
---@field delta_accepts? integer Connections accepted. Linux: PassiveOpens. macOS: tcps_accepts. FreeBSD: tcps_accepts.
---@field delta_connects? integer Connections established, initiated and accepted ones. Linux counts no establishment of the initiated ones. macOS: tcps_connects. FreeBSD: tcps_connects.
---@field delta_drops? integer Connections dropped after they were established. Linux: EstabResets, which leaves out those that were closing. macOS: tcps_drops. FreeBSD: tcps_drops.
---@field delta_snd_total_packets? integer Segments sent, retransmits included. Linux: OutSegs (which leaves out segments of retransmitted data) plus RetransSegs; a SYN-ACK sent again is in both. macOS: tcps_sndtotal. FreeBSD: tcps_sndtotal.
---@field delta_snd_bytes? integer Bytes of new data sent. Linux has no such counter. macOS: tcps_sndbyte. FreeBSD: tcps_sndbyte.
---@field delta_snd_rexmit_packets? integer Segments retransmitted. Linux: RetransSegs. macOS: tcps_sndrexmitpack. FreeBSD: tcps_sndrexmitpack.
---@field delta_snd_rexmit_bytes? integer Bytes retransmitted. Linux has no such counter. macOS: tcps_sndrexmitbyte. FreeBSD: tcps_sndrexmitbyte.
---@field delta_rcv_total_packets? integer Segments received; those that the receive offload joined count as one. Linux: InSegs. macOS: tcps_rcvtotal. FreeBSD: tcps_rcvtotal.
---@field delta_rcv_bytes? integer Bytes received in sequence. Linux has no such counter. macOS: tcps_rcvbyte. FreeBSD: tcps_rcvbyte.
---@field delta_rcv_dup_packets? integer Segments received twice. Linux: DelayedACKLost (data that was delivered already) plus TCPOFOMerge (data that waits out of order already). macOS: tcps_rcvduppack. FreeBSD: tcps_rcvduppack.
---@field delta_rcv_badsum? integer Segments received with a bad checksum. Linux: InCsumErrors. macOS: tcps_rcvbadsum. FreeBSD: tcps_rcvbadsum.
---@field retransmit_rate? number delta_snd_rexmit_packets / delta_snd_total_packets; absent when nothing was sent.
---@field duplicate_rate? number delta_rcv_dup_packets / delta_rcv_total_packets; absent when nothing was received.
---@field delta_listen_overflows? integer Connections that a listener lost because its accept queue was full. Linux: ListenOverflows.
---@field delta_listen_drops? integer Connections that a listener lost for whatever reason, overflows included. Linux: ListenDrops. macOS: tcps_listendrop. FreeBSD: tcps_listendrop.
---@field delta_request_queue_drops? integer Requests dropped because a listener's queue of half-open connections was full. Linux: TCPReqQFullDrop.
---@field delta_syncookies_sent? integer SYN cookies sent because that queue was full. Linux: SyncookiesSent. FreeBSD: tcps_sc_sendcookie.
---@field delta_syncookies_received? integer SYN cookies that came back right. Linux: SyncookiesRecv. FreeBSD: tcps_sc_recvcookie.
---@field delta_syncookies_failed? integer SYN cookies that came back wrong. Linux: SyncookiesFailed. FreeBSD 15: tcps_sc_failcookie.
---@field delta_resets_sent? integer Segments with RST sent. Linux: OutRsts.
---@field delta_embryonic_resets? integer Half-open connections that the peer reset. No kernel counts every RST that it receives; those of established connections show in delta_estab_resets. Linux: EmbryonicRsts. FreeBSD: tcps_sc_reset.
---@field delta_estab_resets? integer Connections that went from ESTABLISHED or CLOSE_WAIT straight to CLOSED: reset by the peer, reset by us or timed out. Linux: EstabResets.
---@field delta_attempt_fails? integer Connections that failed before they were established. Linux: AttemptFails. macOS: tcps_conndrops. FreeBSD: tcps_conndrops.
---@field delta_aborts_on_timeout? integer Connections aborted because the peer did not answer any more. Linux: TCPAbortOnTimeout. macOS: tcps_timeoutdrop plus tcps_persistdrop plus tcps_keepdrops. FreeBSD: the same.
---@field delta_aborts_on_memory? integer Connections aborted for lack of memory, or because there are too many orphans. Linux: TCPAbortOnMemory.
---@field delta_aborts_on_data? integer Connections reset because data came after they were closed. Linux: TCPAbortOnData.
---@field delta_aborts_on_close? integer Connections reset because they were closed with data unread. Linux: TCPAbortOnClose.
---@field delta_aborts_on_linger? integer Connections that left FIN_WAIT_2 because TCP_LINGER2 ran out. Linux: TCPAbortOnLinger.
---@field delta_timeouts? integer Retransmission timeouts. Linux: TCPTimeouts. macOS: tcps_rexmttimeo. FreeBSD: tcps_rexmttimeo.
---@field delta_spurious_timeouts? integer Timeouts that proved to be spurious. Linux: TCPSpuriousRTOs. macOS: tcps_sndrexmitbad. FreeBSD: tcps_sndrexmitbad.
---@field delta_syn_retransmits? integer SYN and SYN-ACK segments sent again. Linux: TCPSynRetrans.
---@field delta_fast_retransmits? integer Segments sent again in fast recovery. Linux: TCPFastRetrans.
---@field delta_slow_start_retransmits? integer Segments sent again in slow start, after a timeout. Linux: TCPSlowStartRetrans.
---@field delta_lost_retransmits? integer Retransmitted segments that were lost again. Linux: TCPLostRetransmit. FreeBSD 14: tcps_sack_lostrexmt.
---@field delta_retransmit_failures? integer Retransmissions that the host itself could not send. Linux: TCPRetransFail.
---@field delta_tail_loss_probes? integer Tail loss probes sent. Linux: TCPLossProbes. FreeBSD 14: tcps_tlpresends.
---@field delta_tail_loss_recoveries? integer Losses that a tail loss probe repaired. Linux: TCPLossProbeRecovery.
---@field delta_dsacks_received? integer Segments reported twice by the peers' D-SACK. Linux: TCPDSACKRecv. FreeBSD 14: tcps_dsack_count.
---@field delta_snd_data_packets? integer Segments of new data sent. Linux: TCPOrigDataSent. macOS: tcps_sndpack. FreeBSD: tcps_sndpack.
---@field delta_rcv_ooo_packets? integer Segments received out of order. Linux: TCPOFOQueue. macOS: tcps_rcvoopack. FreeBSD: tcps_rcvoopack.
---@field delta_rcv_ooo_bytes? integer Bytes received out of order. macOS: tcps_rcvoobyte. FreeBSD: tcps_rcvoobyte.
---@field delta_rcv_errors? integer Segments received in error, bad checksums included. Linux: InErrs. macOS: tcps_rcvbadsum plus tcps_rcvbadoff plus tcps_rcvshort. FreeBSD: the same.
---@field delta_backlog_drops? integer Segments dropped because the receiving socket's backlog was full. Linux: TCPBacklogDrop.
---@field delta_receive_queue_drops? integer Segments dropped because the receive buffer was full. Linux: TCPRcvQDrop.
---@field delta_zero_window_drops? integer Segments dropped because the window that we advertise is closed. Linux: TCPZeroWindowDrop.
---@field delta_ooo_drops? integer Segments dropped because they came out of order and there was no room for them. Linux: TCPOFODrop. macOS: tcps_rcvmemdrop. FreeBSD: tcps_rcvreassfull.
---@field delta_paws_drops? integer Segments dropped because their timestamp is old. Linux: PAWSEstab. macOS: tcps_pawsdrop. FreeBSD: tcps_pawsdrop.
---@field delta_prunes? integer Times that a receive buffer was pruned for lack of memory. Linux: PruneCalled.
---@field delta_receive_pruned? integer Segments that pruning took out of a receive queue. Linux: RcvPruned.
---@field delta_ooo_pruned? integer Segments that pruning took out of an out-of-order queue. Linux: OfoPruned.
---@field delta_receive_collapsed? integer Segments that were copied together to save memory. Linux: TCPRcvCollapsed.
---@field delta_zero_windows_sent? integer Times that a window which we advertise went to zero. Linux: TCPToZeroWindowAdv.
---@field delta_window_probes? integer Probes of a peer's closed window sent. Linux: TCPWinProbe. macOS: tcps_sndprobe. FreeBSD: tcps_sndprobe.
---@field delta_keepalives? integer Keepalive probes sent. Linux: TCPKeepAlive. macOS: tcps_keepprobe. FreeBSD: tcps_keepprobe.
---@field delta_challenge_acks? integer Challenge acknowledgements sent (RFC 5961). Linux: TCPChallengeACK. macOS: tcps_synchallenge plus tcps_rstchallenge.
---@field delta_delivered_packets? integer Segments that we sent and that were delivered. Linux: TCPDelivered.
---@field delta_ecn_ce_delivered? integer Segments that we sent and that were delivered with a congestion mark. Linux: TCPDeliveredCE.
---@field delta_memory_pressures? integer Times that TCP came under memory pressure. Linux: TCPMemoryPressures.
---@field delta_memory_pressure_ms? integer Time spent under memory pressure, milliseconds; counted when the pressure ends. Linux: TCPMemoryPressuresChrono.
---@field delta_time_wait_overflows? integer TIME_WAIT sockets that were not made because there were too many. Linux: TCPTimeWaitOverflow.
---@field embryonic_connections? integer Half-open connections at the time of the pass: the sockets in SYN_RECEIVED. From the records. FreeBSD: net.inet.tcp.states.
---@field current_established? integer Connections in ESTABLISHED or CLOSE_WAIT. Linux: CurrEstab. FreeBSD: net.inet.tcp.states.
---@field time_wait_sockets? integer Sockets in TIME_WAIT. Linux: tw of sockstat. FreeBSD: net.inet.tcp.states.
---@field sockets_in_use? integer Sockets in use, those in TIME_WAIT and half-open ones left out. Linux: inuse of sockstat and sockstat6.
---@field sockets_allocated? integer Sockets that the kernel has allocated, in every network namespace. Linux: alloc of sockstat.
---@field orphans? integer Sockets that no process owns any more, in every network namespace. Linux: orphan of sockstat.
---@field memory_pages? integer Memory that TCP's buffers take, pages, in every network namespace. Linux: mem of sockstat.

---What `require "tcpstats"` gives. Failure of the world returns `nil, text, code`; misuse raises.
---@class tcpstats
local tcpstats = {}

---The fields of a socket.
---@return { name?: string, number?: integer, type?: string, help?: string, words?: any[] }[] # a list of {name=, number=, type=string, help=, words=} in the order of their numbers; `words` are those of an enum
function tcpstats.fields() end

---The fields of a batch's summary (counters of the system since the previous pass, gauges).
---@return { name?: string, number?: integer, help?: string }[] # a list of {name=, number=, help=} in the order of their numbers
function tcpstats.summary_fields() end

---Where sockets can be read from.
---@return { name?: string, help?: string, live?: boolean, keys?: { key?: string, help?: string }[] }[] # a list of {name=, help=, live=, keys={{key=string, help=}}}
function tcpstats.sources() end

---Compiles a filter (doc/filter.md has the language).
---@param text string the filter, e.g. "remote_port=443 include_state=established rtt_us>50000"
---@return tcpstats.Filter? # a filter: the text names word and column, the code is "EUSAGE"
---@return string? what # what went wrong
---@return string? code
function tcpstats.filter(text) end

---Compiles an expression over the fields of a socket (doc/scripting.md has the language).
---@param text string the expression, e.g. "rtt_us > 50000 and remote_port == 443"
---@return tcpstats.Expression? # an expression: expression(s) is its value; batch:filter, batch:top and batch:group_by take it
---@return string? what # what went wrong
---@return string? code
function tcpstats.where(text) end

---An empty tracker: it compares each batch with the one before it.
---@param options? { closed?: true } false: nobody is told as closed, and the last batch is not kept for that. May be nil
---@return tcpstats.Tracker
function tcpstats.tracker(options) end

---Reads one length-delimited BatchMessage out of bytes.
---@param bytes string
---@param position? integer where it begins (1)
---@return tcpstats.Batch? # the batch ("ETRUNCATED" when the message goes on behind the bytes)
---@return integer? # the position behind it
---@return string? code
function tcpstats.decode(bytes, position) end

---Opens a source.
---@param spec string "auto", a name, or NAME:FILE[,KEY=VALUE...]; protobuf:FILE is a recorded stream
---@return tcpstats.Source? # a source with pass{}, close(), name(), live()
---@return string? what # what went wrong
---@return string? code
function tcpstats.open(spec) end

---Passes one after the other, each compared with the one before it.
---
---  for batch in tcpstats.collector { interval = 1, filter = "remote_port=443" }:batches() do print(#batch, #batch:opened()) end
---@param options? table
---@return tcpstats.Collector?
---@return string? what # what went wrong
---@return string? code
function tcpstats.collector(options) end

---What the system tells of one of this process's own TCP sockets, without a dump and without privilege: TCP_INFO on Linux and FreeBSD, TCP_CONNECTION_INFO on macOS.
---@param descriptor integer|table|userdata a number, or anything with getfd() as LuaSocket's sockets have it
---@return tcpstats.Socket? # a socket as in a batch, which stays valid ("EUSAGE" when it is no open TCP socket)
---@return string? what # what went wrong
---@return string? code
function tcpstats.socket_info(descriptor) end

---One pass over a source that is opened and closed for it.
---@param options? { source?: string, filter?: string|tcpstats.Filter, processes?: boolean, tcp_info?: boolean, tcp_info_limit?: integer }
---@return tcpstats.Batch?
---@return string? what # what went wrong
---@return string? code
function tcpstats.collect(options) end

---Raw kernel bytes to a batch.
---@param name string of the source whose kernel gave them: "macos", "linux", "freebsd"
---@param bytes string what it gave
---@param options table the source's keys, e.g. {release = 15}; bytes where the command line names a file; and filter
---@return tcpstats.Batch? # a batch, whose `warnings` tell what was cut
---@return string? what # what went wrong
---@return string? code
function tcpstats.parse(name, bytes, options) end

---The sockets of one pass, or a view of some of them. `#batch` is how many. A view has all of this too; nothing is copied for it.
---@class tcpstats.Batch
---@operator len: integer
---@field metadata tcpstats.CollectionMetadata When, where and how the batch was collected.
---@field summary tcpstats.SystemSummary? The system's own counters and the sockets by state; nil when nobody asked.
---@field tracked boolean A tracker compared it with a batch before, or it is the first of a tracker.
---@field warnings tcpstats.Warning[] What went wrong without ending the pass.
local Batch = {}

---The sockets for which predicate(socket) is true; a compiled filter does as well. batch:filter takes text, too.
---@param predicate fun(s: tcpstats.Socket): any
---@return tcpstats.Batch
function Batch:select(predicate) end

---The connections first seen in this pass. Empty in the first pass.
---@return tcpstats.Batch
function Batch:opened() end

---The last values of the connections that are gone since the previous pass.
---@return tcpstats.Batch
function Batch:closed() end

---The batch in a format. `pretty` and `addresses` are for "json".
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? { pretty?: boolean, addresses?: "base64"|"text" }
---@return string
function Batch:encode(format, options) end

---"EPIPE" when the reader is gone. Nothing becomes a Lua string on the way.
---@param fd integer
---@param format "json"|"flat"|"protobuf"|"csv"
---@param options? { pretty?: boolean, addresses?: "base64"|"text" }
---@return true?
---@return string? what # what went wrong
---@return string? code
function Batch:write(fd, format, options) end

---Walks over the sockets. With names of fields their values come along, which is the fast way:
---  for s, state, rtt_us in batch:each("state", "rtt_us") do ... end
---`s` is one proxy that shows socket after socket; s:copy() keeps one.
---@param ... any
---@return fun(): tcpstats.Socket, ...
function Batch:each(...) end

---Calls hook(s, context) for every socket, each under pcall, and tells how many failed. handler(message) makes the report of an error (a message handler, as of xpcall), which goes on to the next socket unless it returns false.
---@param hook fun(s: tcpstats.Socket, context: any)
---@param context any
---@param handler fun(message: any): any
---@return integer
function Batch:visit(hook, context, handler) end

---The seconds that the batch's deltas cover, which is what rates are divided by.
---@return number|nil # a number, or nil in the first pass and for a batch that was never compared with another
function Batch:seconds() end

---The sockets that are wanted.
---@param what string|tcpstats.Filter|tcpstats.Expression|fun(s: tcpstats.Socket): any a filter, as text or compiled; or an expression, as text or compiled; or a function(s) that says true. Where filter language and expressions both understand a text, both mean the same.
---@return tcpstats.Batch # a view: it is walked, encoded and grouped as a batch is, its opened() and closed() are those that are wanted; nothing is copied
function Batch:filter(what) end

---The n sockets with the largest of something, largest first. Those that do not have it are left out; equal ones stay in the batch's order.
---@param n integer how many
---@param of string|tcpstats.Expression|fun(s: tcpstats.Socket): number? a field, an expression ("-rtt_us": the smallest first; "rate(tx_bytes)") or a function(s) that gives a number
---@return tcpstats.Batch
function Batch:top(n, of) end

---Groups sockets that have something in common.
---
---  for _, g in ipairs(batch:group_by("remote_addr/24", { "p95(rtt_us)", tx = "sum(tx_bytes)" })) do print(g.key, g.count, g.p95_rtt_us, g.tx) end
---@param key string|tcpstats.Expression|table|fun(s: tcpstats.Socket): any a field; an address field with a prefix length ("remote_addr/24", "remote_addr/24/56" for IPv4 and IPv6, or {"remote_addr", 24}), where an IPv4-mapped address is its IPv4 address; an expression ("rtt_us // 1000"); a function(s); or a list of fields and networks. Sockets for which it is absent are in no group, unless options.absent.
---@param aggregates table what to compute of each group, as tcpstats.where's aggregate expressions; a list names them FOLD_FIELD (sum_tx_bytes) or, of a longer expression, by its text; {name = "sum(tx_bytes)"} by that name; {name = {"sum", function(s) return 1 end}} folds a function's numbers
---@param options? { absent?: boolean } with absent = true sockets that lack a field of the key are a group too, whose key is nil there
---@return tcpstats.Groups # a list of groups {key=, count=, NAME=...}, those with most sockets first; `keys` is the list of values when the key is one of several, and `key` their text. list:top(n, NAME) ranks, list:get(key) finds, list.without is the number of sockets in no group.
function Batch:group_by(key, aggregates, options) end

---The same numbers of the whole batch.
---@param aggregates table as of group_by
---@return tcpstats.Group # a table {count=, NAME=...}
function Batch:aggregate(aggregates) end

---The value of an expression over a whole batch.
---@param expression tcpstats.Expression of where.compile_aggregate(text, "batch")
---@return any # its value; nil when it is absent
function Batch:evaluate(expression) end

---Comma-separated values (RFC 4180), lines end in CR LF.
---@param options? { fields?: (string|tcpstats.FieldName)[], header?: boolean }
---@return string
function Batch:csv(options) end

---The batch as canonical proto3 JSON: one line, or many with pretty.
---@param options? { pretty?: boolean, addresses?: "base64"|"text" }|"text" may be nil. `addresses` is "base64", which loads as protobuf JSON, or "text"
---@return string
function Batch:json(options) end

---The batch as one length-delimited BatchMessage.
---@return string
function Batch:protobuf() end

---One JSON object a line and socket: the proto's names, integers as numbers, addresses as text.
---@return string
function Batch:flat() end

---@class tcpstats.Warning
---@field what string what went wrong
---@field code string
---@field offset integer the byte where, 0 when it is of no one byte

---@class tcpstats.Group
---@field key any
---@field count integer how many sockets
---@field keys? any[] of a group by several keys, each
---@field [string] number? the aggregates by name

---What `batch:group_by` gives: a list of `{key=, count=, NAME=...}`, the largest first.
---@class tcpstats.Groups: { [integer]: tcpstats.Group }
local Groups = {}

---The n groups with the largest of something, largest first.
---@param n? integer how many (all)
---@param of string|fun(group: tcpstats.Group): number? the name of an aggregate ("count"), or a function(group) that gives a number
---@return tcpstats.Groups # a list of groups
function Groups:top(n, of) end

---The group with a key, or nil. Takes time by the number of groups.
---@param key any
---@return tcpstats.Group?
function Groups:get(key) end

---One socket. `s.FIELD` is a [field](fields.md), `nil` when it is absent; a name that is no field raises. `pairs(s)` gives the fields that
---are there, `tostring(s)` a line like `ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000`. One proxy shows socket after socket: it is valid in
---its loop or hook only.
---@class tcpstats.Socket
---@field local_addr? string Local address, 4 or 16 bytes in network order, link-local scope taken out. Implicit. Linux: idiag_src. macOS: inp_laddr. FreeBSD: inp_laddr. kld: laddr.
---@field remote_addr? string Remote address, as local_addr. Implicit. Linux: idiag_dst. macOS: inp_faddr. FreeBSD: inp_faddr. kld: raddr.
---@field local_port? integer Local port. Implicit. Linux: idiag_sport. macOS: inp_lport. FreeBSD: inp_lport. kld: lport.
---@field remote_port? integer Remote port; absent for a listener. Implicit. Linux: idiag_dport. macOS: inp_fport. FreeBSD: inp_fport. kld: rport.
---@field ip_version? tcpstats.IpVersion 4 or 6; a mapped IPv4 address counts as the kernel counts it. Implicit. Linux: idiag_family. macOS: inp_vflag. FreeBSD: inp_vflag. kld: af.
---@field socket_id? integer The kernel's stable handle of the socket. Linux: idiag_cookie. macOS: xso_so. FreeBSD: xso_so. kld: so_addr.
---@field state? tcpstats.TcpState TCP state. Implicit. Linux: idiag_state. macOS: t_state. FreeBSD: t_state. kld: state.
---@field tcp_flags? integer The kernel's own flag word. macOS: t_flags. FreeBSD: t_flags. kld: t_flags.
---@field snd_cwnd? integer Congestion window, bytes. Linux: tcpi_snd_cwnd times tcpi_snd_mss. macOS: snd_cwnd. FreeBSD: t_snd_cwnd. kld: cwnd.
---@field snd_ssthresh? integer Slow start threshold, bytes; 1073725440 is the BSDs' infinite, Linux's infinite is absent. Linux: tcpi_snd_ssthresh times tcpi_snd_mss. macOS: snd_ssthresh. FreeBSD: t_snd_ssthresh. kld: ssthresh.
---@field snd_wnd? integer Send window that the peer offers, bytes. Linux: tcpi_snd_wnd. macOS: snd_wnd. FreeBSD: t_snd_wnd. kld: snd_wnd.
---@field rcv_wnd? integer Receive window that we offer, bytes. Linux: tcpi_rcv_wnd. macOS: rcv_wnd. FreeBSD: t_rcv_wnd. kld: rcv_wnd.
---@field maxseg? integer Maximum segment size we send, bytes. Linux: tcpi_snd_mss. macOS: t_maxseg. FreeBSD: t_maxseg. kld: maxseg.
---@field cc_algo? string Congestion control algorithm. Linux: INET_DIAG_CONG. FreeBSD: xt_cc. kld: cc.
---@field tcp_stack? string TCP stack. FreeBSD: xt_stack. kld: stack.
---@field rtt_us? integer Smoothed round trip time, microseconds; absent before the first sample. Linux: tcpi_rtt. macOS: t_srtt. kld: rtt.
---@field rttvar_us? integer Mean deviation of the round trip time, microseconds. Linux: tcpi_rttvar. macOS: t_rttvar. kld: rttvar.
---@field rto_us? integer Retransmission timeout, microseconds. Linux: tcpi_rto. macOS: t_rxtcur. kld: rto.
---@field rtt_min_us? integer Smallest round trip time seen, microseconds. Linux: tcpi_min_rtt. macOS: t_rttmin, the smallest that the kernel reckons with. macOS tcp_info: tcpi_rttbest, the smallest seen.
---@field rtt_cur_us? integer Last round trip time, microseconds. macOS: tcpi_rttcur.
---@field rtt_update_count? integer Number of round trip time samples. macOS: t_rttupdated.
---@field snd_nxt? integer Next sequence number to send. macOS: snd_nxt. kld: snd_nxt.
---@field snd_una? integer Oldest unacknowledged sequence number. macOS: snd_una. kld: snd_una.
---@field snd_max? integer Highest sequence number sent. macOS: snd_max. kld: snd_max.
---@field rcv_nxt? integer Next sequence number expected. macOS: rcv_nxt. kld: rcv_nxt.
---@field rcv_adv? integer Edge of the window that we advertised. macOS: rcv_adv. kld: rcv_adv.
---@field snd_wscale? integer Window scale of the peer's windows, bits; absent when not negotiated. Linux: tcpi_snd_wscale. macOS: snd_scale. kld: snd_wscale.
---@field rcv_wscale? integer Window scale of our windows, bits; absent when not negotiated. Linux: tcpi_rcv_wscale. macOS: rcv_scale. kld: rcv_wscale.
---@field rexmit_packets? integer Segments retransmitted since the connection began. Linux: tcpi_total_retrans. FreeBSD: t_sndrexmitpack. kld: rexmit.
---@field ooo_packets? integer Segments received out of order since the connection began. Linux: tcpi_rcv_ooopack. macOS: tcpi_rcvoopack. FreeBSD: t_rcvoopack. kld: ooo.
---@field zerowin_probes? integer Zero window probes or updates sent since the connection began. FreeBSD: t_sndzerowin. kld: zerowin.
---@field dupacks? integer Consecutive duplicate acknowledgements. macOS: t_dupacks. kld: dupacks.
---@field sack_blocks? integer SACK blocks that the receiver holds. kld: numsacks.
---@field dsack_bytes? integer Bytes reported twice by D-SACK. FreeBSD: t_dsack_bytes. kld: dsack_bytes.
---@field dsack_packets? integer Segments reported twice by D-SACK. Linux: tcpi_dsack_dups. FreeBSD: t_dsack_pack. kld: dsack_pack. macOS: tcpi_dsack_recvd.
---@field rxt_shift? integer Exponent of the retransmission back-off. Linux: tcpi_backoff. macOS: t_rxtshift.
---@field tx_bytes? integer Bytes sent since the connection began. Linux: tcpi_bytes_sent (payload, retransmits included). macOS 14 and older: tx bytes of all classes (segments with headers and retransmits, not on loopback). macOS 15: payload appended to the send buffer. macOS tcp_info: tcpi_txbytes.
---@field rx_bytes? integer Bytes received since the connection began. Linux: tcpi_bytes_received. macOS 14 and older: rx bytes of all classes. macOS tcp_info: tcpi_rxbytes.
---@field tx_packets? integer Segments sent since the connection began. Linux: tcpi_segs_out. macOS 14 and older: tx packets of all classes. macOS tcp_info: tcpi_txpackets.
---@field rx_packets? integer Segments received since the connection began. Linux: tcpi_segs_in. macOS 14 and older: rx packets of all classes. macOS tcp_info: tcpi_rxpackets.
---@field retransmit_bytes? integer Bytes retransmitted since the connection began. Linux: tcpi_bytes_retrans. macOS: tcpi_txretransmitbytes.
---@field ooo_bytes? integer Bytes received out of order since the connection began. macOS: tcpi_rxoutoforderbytes.
---@field retransmit_packets_total? integer Segments retransmitted since the connection began, as macOS counts them. macOS: tcpi_txretransmitpackets.
---@field timer_rexmt_ms? integer Retransmission timer, ms until due, 0 not running. Linux: idiag_timer 1. macOS: 0 when t_timer[0] is 0, else absent, see timers_armed. FreeBSD: tt_rexmt. kld: tt_rexmt.
---@field timer_persist_ms? integer Persist (zero window probe) timer, ms until due, 0 not running. Linux: idiag_timer 4. macOS: 0 when t_timer[1] is 0, else absent, see timers_armed. FreeBSD: tt_persist. kld: tt_persist.
---@field timer_keep_ms? integer Keepalive timer, ms until due, 0 not running. Linux: idiag_timer 2. macOS: 0 when t_timer[2] is 0, else absent, see timers_armed. FreeBSD: tt_keep. kld: tt_keep.
---@field timer_2msl_ms? integer 2 MSL timer, ms until due, 0 not running. Linux: idiag_timer 3. macOS: t_timer[3], as a time in TIME_WAIT only. FreeBSD: tt_2msl. kld: tt_2msl.
---@field timer_delack_ms? integer Delayed acknowledgement timer, ms until due, 0 not running. FreeBSD: tt_delack. kld: tt_delack.
---@field idle_time_ms? integer Since data was last received, milliseconds. Linux: tcpi_last_data_recv. macOS: t_rcvtime. FreeBSD: t_rcvtime. kld: rcvtime.
---@field snd_buf_used? integer Bytes in the send buffer: unacknowledged and unsent. Linux: idiag_wqueue. macOS: so_snd sb_cc. FreeBSD: so_snd sb_cc. kld: snd_cc.
---@field snd_buf_hiwat? integer Limit of the send buffer, bytes. Linux: sk_sndbuf. macOS: so_snd sb_hiwat. FreeBSD: so_snd sb_hiwat. kld: snd_hiwat.
---@field rcv_buf_used? integer Bytes in the receive buffer that nobody has read yet. Linux: idiag_rqueue. macOS: so_rcv sb_cc. FreeBSD: so_rcv sb_cc. kld: rcv_cc.
---@field rcv_buf_hiwat? integer Limit of the receive buffer, bytes. Linux: sk_rcvbuf. macOS: so_rcv sb_hiwat. FreeBSD: so_rcv sb_hiwat. kld: rcv_hiwat.
---@field pid? integer Process that owns the socket. Linux: /proc/<pid>/fd (--processes). macOS: so_last_pid. FreeBSD: xf_pid (--processes).
---@field effective_pid? integer Process on whose behalf the socket is used; absent when not delegated. macOS: so_e_pid.
---@field uid? integer User that owns the socket. Linux: idiag_uid. macOS: so_uid. FreeBSD: so_uid. kld: uid.
---@field fd? integer Descriptor of the socket in its owner. Linux: /proc/<pid>/fd (--processes). FreeBSD: xf_fd (--processes).
---@field command? string Name of the owner's program. Linux: /proc/<pid>/comm. macOS: pbsi_comm. FreeBSD: ki_comm (all with --processes).
---@field ecn_flags? integer ECN flags of the kernel. FreeBSD: xt_ecn. kld: ecn.
---@field ecn_ce_delivered? integer Segments that we sent and that were delivered with a congestion mark. Linux: tcpi_delivered_ce. kld: delivered_ce.
---@field ecn_ce_received? integer Segments received with a congestion mark. Linux: tcpi_received_ce. macOS: tcpi_ecn_recv_ce. kld: received_ce.
---@field negotiated_options? integer What was negotiated: bit 0 timestamps, 1 SACK, 2 window scale, 3 ECN, 4 fast open. Linux: tcpi_options. macOS: tcpi_options. kld: options.
---@field tfo_state_macos? integer Fast open bits in the order of tcp_connection_info. macOS: tcpi_tfo bits.
---@field tfo_negotiated? boolean Data travelled in the SYN. Linux: TCPI_OPT_SYN_DATA. macOS: tcpi_tfo_syn_data_acked or _rcv.
---@field in_loss_recovery? boolean Recovering from loss. Linux: tcpi_ca_state is Recovery or Loss. macOS: TCPI_FLAG_LOSSRECOVERY.
---@field reordering_detected? boolean The path was seen to reorder. Linux: tcpi_reord_seen. macOS: tcpi_reordered_pkts, TCPCI_FLAG_REORDERING_DETECTED.
---@field tlp_probes_sent? integer Tail loss probes sent. kld: total_tlp.
---@field tlp_bytes_sent? integer Bytes sent in tail loss probes; FreeBSD's t_dsack_tlp_bytes is another thing, see dsack_tlp_bytes. kld: tlp_bytes.
---@field encaps_port? integer UDP port of the tunnel; 0 none. FreeBSD: xt_encaps_port.
---@field inp_gencnt? integer Generation of the protocol control block. macOS: inp_gencnt. FreeBSD: inp_gencnt. kld: gencnt.
---@field start_time_secs? integer Start of the connection, seconds since the epoch; no kernel gives it, so it is never filled: see age_ms and connection_age_ms.
---@field delta_rexmit_packets? integer Segments retransmitted since the previous pass. From rexmit_packets, else retransmit_packets_total.
---@field delta_ooo_packets? integer Segments received out of order since the previous pass. From ooo_packets.
---@field delta_zerowin? integer Zero window probes since the previous pass. From zerowin_probes.
---@field connection_age_ms? integer Since tcpstats first saw the connection, milliseconds (monotonic clock).
---@field delta_tx_bytes? integer Bytes sent since the previous pass. From tx_bytes.
---@field delta_rx_bytes? integer Bytes received since the previous pass. From rx_bytes.
---@field sources? string What fed this record.
---@field delta_retransmit_bytes? integer Bytes retransmitted since the previous pass. From retransmit_bytes.
---@field delta_tx_packets? integer Segments sent since the previous pass. From tx_packets.
---@field delta_rx_packets? integer Segments received since the previous pass. From rx_packets.
---@field time_in_state_ms? integer Since tcpstats first saw the connection in its present state, milliseconds (monotonic clock).
---@field age_ms? integer Since the connection was established, as the kernel says, milliseconds. macOS: t_starttime.
---@field scope_id? integer Index of the interface that scopes a link-local address. Linux: idiag_if. macOS: embedded scope. FreeBSD: embedded scope.
---@field interface_index? integer Index of the interface that the socket is bound to. Linux: idiag_if.
---@field interface? string Name of the interface that the socket is bound to or scoped by. Linux: if_indextoname of idiag_if.
---@field shared_descriptors? integer Other descriptors, in any process, that hold the same socket. Linux: /proc/<pid>/fd, absent for a socket that came after the last look at all of them. FreeBSD: kern.file (both with --processes).
---@field dual_stack? boolean The listener takes IPv6 and mapped IPv4. Linux: not INET_DIAG_SKV6ONLY. macOS: inp_vflag 3. FreeBSD: inp_vflag 3.
---@field accept_queue? integer Connections that wait for accept. Linux: idiag_rqueue of a listener. macOS: so_qlen. FreeBSD: so_qlen.
---@field accept_backlog? integer Limit of accept_queue. Linux: idiag_wqueue of a listener. macOS: so_qlimit. FreeBSD: so_qlimit.
---@field incomplete_queue? integer Connections of a listener that are not established yet. macOS: so_incqlen. FreeBSD: so_incqlen.
---@field socket_error? integer Pending error of the socket, errno. macOS: so_error. FreeBSD: so_error.
---@field tos? integer Type of service of what we send. Linux: INET_DIAG_TOS. macOS: inp_ip_tos. FreeBSD: inp_ip_tos.
---@field tclass? integer IPv6 traffic class of what we send. Linux: INET_DIAG_TCLASS.
---@field half_open? boolean The connection is a half-open entry without a socket. Linux: SYN_RECV. FreeBSD: syncache. kld: flag 4.
---@field user_space? boolean A flow of the user-space network stack, of which the kernel knows little. macOS: xi_inpp and xso_so are 0.
---@field mptcp_map_subflow_seq? integer MPTCP subflow: the subflow's sequence number at which the mapping of received data begins, from the subflow's first byte. Linux: MPTCP_SUBFLOW_ATTR_MAP_SFSEQ.
---@field mptcp_subflow_offset? integer MPTCP subflow: the subflow's first sequence number. Linux: MPTCP_SUBFLOW_ATTR_SSN_OFFSET.
---@field inode? integer Inode of the socket, as /proc/<pid>/fd shows it. Linux: idiag_inode.
---@field mark? integer Firewall mark (needs CAP_NET_ADMIN). Linux: INET_DIAG_MARK.
---@field cgroup_id? integer Identifier of the control group, the inode of its folder. Linux: INET_DIAG_CGROUP_ID.
---@field cgroup? string Path of the control group below the cgroup2 mount (--processes). Linux: the folder with the inode cgroup_id.
---@field class_id? integer Traffic control class or socket priority. Linux: INET_DIAG_CLASS_ID.
---@field shutdown? integer Ends that were shut down: bit 0 reading, bit 1 writing. Linux: INET_DIAG_SHUTDOWN.
---@field v6only? boolean An IPv6 socket that takes no mapped IPv4. Linux: INET_DIAG_SKV6ONLY.
---@field ulp? string Upper layer protocol on the socket, e.g. tls or mptcp. Linux: INET_ULP_INFO_NAME.
---@field md5sig_keys? integer Keys of TCP-MD5 on the socket (needs CAP_NET_ADMIN). Linux: INET_DIAG_MD5SIG.
---@field timer_retransmits? integer Timer's unanswered retransmits or probes. Linux: idiag_retrans.
---@field skmem_rmem_alloc? integer Memory charged to the receive queue, bytes. Linux: SK_MEMINFO_RMEM_ALLOC.
---@field skmem_wmem_alloc? integer Memory of what was handed to the driver and not freed yet, bytes. Linux: SK_MEMINFO_WMEM_ALLOC.
---@field skmem_fwd_alloc? integer Memory reserved and not used yet, bytes. Linux: SK_MEMINFO_FWD_ALLOC.
---@field skmem_wmem_queued? integer Memory charged to the send queue, bytes. Linux: SK_MEMINFO_WMEM_QUEUED.
---@field skmem_optmem? integer Memory of socket options and filters, bytes. Linux: SK_MEMINFO_OPTMEM.
---@field skmem_backlog? integer Memory of the packet backlog, bytes. Linux: SK_MEMINFO_BACKLOG.
---@field socket_drops? integer Packets dropped at the socket. Linux: SK_MEMINFO_DROPS.
---@field mptcp_token_remote? integer MPTCP subflow: token of the connection at the peer. Linux: MPTCP_SUBFLOW_ATTR_TOKEN_REM.
---@field mptcp_token_local? integer MPTCP subflow: our token of the connection; subflows that share it belong together. Linux: MPTCP_SUBFLOW_ATTR_TOKEN_LOC.
---@field mptcp_id_remote? integer MPTCP subflow: identifier of the remote address. Linux: MPTCP_SUBFLOW_ATTR_ID_REM.
---@field congestion_state? tcpstats.CongestionState State of congestion control. Linux: tcpi_ca_state.
---@field retransmits? integer Consecutive retransmission timeouts that have not been answered. Linux: tcpi_retransmits.
---@field probes? integer Zero window or keepalive probes that have not been answered. Linux: tcpi_probes.
---@field ecn_seen? boolean An ECN-capable packet was received. Linux: TCPI_OPT_ECN_SEEN.
---@field delivery_rate_app_limited? boolean The delivery rate was limited by the application. Linux: tcpi_delivery_rate_app_limited.
---@field fastopen_client_fail? integer Why client fast open failed: 0 unspecified, 1 cookie unavailable, 2 data not acknowledged, 3 SYN retransmitted. Linux: tcpi_fastopen_client_fail.
---@field ato_us? integer Timeout of the delayed acknowledgement, microseconds. Linux: tcpi_ato.
---@field rcv_mss? integer Estimated maximum segment size of the peer, bytes. Linux: tcpi_rcv_mss.
---@field unacked? integer Segments sent and not acknowledged; macOS tells bytes, see tx_unacked_bytes. Linux: tcpi_unacked.
---@field sacked? integer Segments acknowledged selectively. Linux: tcpi_sacked.
---@field lost? integer Segments believed lost. Linux: tcpi_lost.
---@field retrans_in_flight? integer Retransmitted segments in flight. Linux: tcpi_retrans.
---@field last_data_sent_ms? integer Since data was last sent, milliseconds. Linux: tcpi_last_data_sent.
---@field last_ack_recv_ms? integer Since an acknowledgement was last received, milliseconds. Linux: tcpi_last_ack_recv.
---@field pmtu? integer Path MTU, bytes. Linux: tcpi_pmtu.
---@field rcv_ssthresh? integer Limit of the advertised receive window, bytes. Linux: tcpi_rcv_ssthresh.
---@field advmss? integer Maximum segment size that we advertised, bytes. Linux: tcpi_advmss.
---@field reordering? integer Reordering that the connection tolerates, segments. Linux: tcpi_reordering.
---@field rcv_rtt_us? integer Round trip time as the receiver estimates it, microseconds; absent before the first sample. Linux: tcpi_rcv_rtt. macOS 12: tcpi_rcv_srtt.
---@field rcv_space? integer Receive queue space that the application drains per round trip, bytes. Linux: tcpi_rcv_space. macOS: tcpi_rcv_space.
---@field pacing_rate? integer Pacing rate, bytes per second; absent when unlimited. Linux: tcpi_pacing_rate.
---@field max_pacing_rate? integer Limit of the pacing rate, bytes per second; absent when unlimited. Linux: tcpi_max_pacing_rate.
---@field bytes_acked? integer Bytes that the peer acknowledged. Linux: tcpi_bytes_acked.
---@field notsent_bytes? integer Bytes in the send buffer that were never sent. Linux: tcpi_notsent_bytes.
---@field data_segs_in? integer Segments with data received. Linux: tcpi_data_segs_in.
---@field data_segs_out? integer Segments with data sent, retransmits included. Linux: tcpi_data_segs_out.
---@field delivery_rate? integer Delivery rate, bytes per second. Linux: tcpi_delivery_rate.
---@field busy_time_us? integer Time with data in flight or to send, microseconds. Linux: tcpi_busy_time.
---@field rwnd_limited_us? integer Time stalled by the peer's receive window, microseconds. Linux: tcpi_rwnd_limited. macOS 14: tcpi_rcvwnd_limited_total_time.
---@field sndbuf_limited_us? integer Time stalled by the send buffer's size, microseconds. Linux: tcpi_sndbuf_limited.
---@field delivered? integer Segments delivered, retransmits included. Linux: tcpi_delivered.
---@field reord_seen? integer Times that reordering was seen. Linux: tcpi_reord_seen.
---@field rehash? integer Times that the connection chose another path after a timeout or for balance. Linux: tcpi_rehash.
---@field total_rto? integer Retransmission timeouts. Linux: tcpi_total_rto.
---@field total_rto_recoveries? integer Recoveries from a retransmission timeout. Linux: tcpi_total_rto_recoveries.
---@field total_rto_time_ms? integer Time spent in recoveries from a retransmission timeout, milliseconds. Linux: tcpi_total_rto_time.
---@field fackets? integer Forward acknowledged segments. Linux: tcpi_fackets, 0 since 4.15.
---@field delivered_e1_bytes? integer Bytes delivered with ECT(1), by accurate ECN. Linux: tcpi_delivered_e1_bytes (32 bits, wraps). macOS 15: tcpi_delivered_ect1_bytes.
---@field delivered_e0_bytes? integer Bytes delivered with ECT(0), by accurate ECN. Linux: tcpi_delivered_e0_bytes (32 bits, wraps). macOS 15: tcpi_delivered_ect0_bytes.
---@field delivered_ce_bytes? integer Bytes delivered with a congestion mark, by accurate ECN. Linux: tcpi_delivered_ce_bytes (32 bits, wraps). macOS 15: tcpi_delivered_ce_bytes.
---@field received_e1_bytes? integer Bytes received with ECT(1), by accurate ECN. Linux: tcpi_received_e1_bytes (32 bits, wraps). macOS 15: tcpi_received_ect1_bytes.
---@field received_e0_bytes? integer Bytes received with ECT(0), by accurate ECN. Linux: tcpi_received_e0_bytes (32 bits, wraps). macOS 15: tcpi_received_ect0_bytes.
---@field received_ce_bytes? integer Bytes received with a congestion mark, by accurate ECN. Linux: tcpi_received_ce_bytes (32 bits, wraps). macOS 15: tcpi_received_ce_bytes.
---@field mptcp_id_local? integer MPTCP subflow: identifier of the local address. Linux: MPTCP_SUBFLOW_ATTR_ID_LOC.
---@field mptcp_map_seq? integer MPTCP subflow: the connection's sequence number at which the mapping of received data begins. Linux: MPTCP_SUBFLOW_ATTR_MAP_SEQ.
---@field bbr_bw? integer Bandwidth as BBR estimates it, bytes per second. Linux: bbr_bw.
---@field bbr_min_rtt_us? integer Round trip time as BBR models it, microseconds. Linux: bbr_min_rtt.
---@field bbr_pacing_gain? integer BBR's gain of pacing, in 1/256. Linux: bbr_pacing_gain.
---@field bbr_cwnd_gain? integer BBR's gain of the congestion window, in 1/256. Linux: bbr_cwnd_gain.
---@field dctcp_enabled? boolean DCTCP is in force and did not fall back to Reno. Linux: dctcp_enabled.
---@field dctcp_ce_state? boolean DCTCP's last packet had a congestion mark. Linux: dctcp_ce_state.
---@field dctcp_alpha? integer DCTCP's estimate of marked bytes, in 1/1024. Linux: dctcp_alpha.
---@field dctcp_ab_ecn? integer Bytes acknowledged with a congestion mark in this window. Linux: dctcp_ab_ecn.
---@field dctcp_ab_tot? integer Bytes acknowledged in this window. Linux: dctcp_ab_tot.
---@field vegas_enabled? boolean Vegas is in force. Linux: tcpv_enabled.
---@field vegas_rtt_count? integer Round trip time samples of this window. Linux: tcpv_rttcnt.
---@field vegas_rtt_us? integer Round trip time as Vegas measures it, microseconds. Linux: tcpv_rtt.
---@field vegas_min_rtt_us? integer Smallest round trip time as Vegas measures it, microseconds. Linux: tcpv_minrtt.
---@field tls_version? integer TLS version of the ulp, as on the wire (0x0303, 0x0304). Linux: TLS_INFO_VERSION.
---@field tls_cipher? integer TLS cipher of the ulp. Linux: TLS_INFO_CIPHER.
---@field tls_rxconf? integer TLS receive configuration of the ulp: 1 base, 2 software, 3 hardware, 4 hardware record. Linux: TLS_INFO_RXCONF.
---@field tls_txconf? integer TLS send configuration of the ulp, as tls_rxconf. Linux: TLS_INFO_TXCONF.
---@field socket_options? integer Socket flags that setsockopt and bind left. Linux: INET_DIAG_SOCKOPT, bits in the order of struct inet_diag_sockopt.
---@field mptcp_flags? integer MPTCP subflow: bit 0 opened by the peer's MP_CAPABLE, 1 by ours, 2 the peer's MP_JOIN, 3 ours, 4 the peer's backup, 5 ours, 6 fully established, 7 connected, 8 a mapping is valid. Linux: MPTCP_SUBFLOW_ATTR_FLAGS.
---@field tls_zerocopy? boolean TLS sends files without copying them. Linux: TLS_INFO_ZC_RO_TX.
---@field timers_armed? integer Timers that run, their time left being told only by timer_*_ms: bit 0 retransmission, 1 persist, 2 keepalive, 3 2 MSL. macOS: t_timer.
---@field tx_unacked_bytes? integer Bytes sent and not acknowledged. macOS: tcpi_txunacked.
---@field rx_duplicate_bytes? integer Bytes received twice since the connection began. macOS: tcpi_rxduplicatebytes.
---@field snd_bw_bps? integer Bandwidth of sending as measured, bits per second; absent when not measured. macOS: tcpi_snd_bw.
---@field syn_retransmits? integer SYNs sent again before the connection was established. macOS: tcpi_synrexmits.
---@field cell_rx_bytes? integer Bytes received over cellular interfaces. macOS: tcpi_cell_rxbytes.
---@field cell_tx_bytes? integer Bytes sent over cellular interfaces. macOS: tcpi_cell_txbytes.
---@field wifi_rx_bytes? integer Bytes received over Wi-Fi interfaces. macOS: tcpi_wifi_rxbytes.
---@field wifi_tx_bytes? integer Bytes sent over Wi-Fi interfaces. macOS: tcpi_wifi_txbytes.
---@field wired_rx_bytes? integer Bytes received over wired interfaces. macOS: tcpi_wired_rxbytes.
---@field wired_tx_bytes? integer Bytes sent over wired interfaces. macOS: tcpi_wired_txbytes.
---@field last_out_interface? integer Index of the interface that last sent; absent when nothing was sent. macOS: tcpi_last_outif.
---@field last_out_interface_type? integer What last_out_interface is: bit 0 cellular, 1 Wi-Fi, 2 wired, 3 Wi-Fi infrastructure, 4 AWDL. macOS: tcpi_if_cell to tcpi_if_wifi_awdl.
---@field local_peer? boolean The peer is this host or in its subnet. macOS: tcpi_local_peer.
---@field background? integer Delay-based congestion control that yields to others: bit 0 for sending, 1 for receiving. macOS: tcpi_snd_background, tcpi_rcv_background.
---@field ecn_setup? integer Setting up ECN: bit 0 asked as client, 1 asked as server, 2 agreed, 3 a SYN with ECN was lost, 4 a SYN-ACK with ECN was lost. macOS: tcpi_ecn_client_setup to tcpi_ecn_lost_synack.
---@field l4s_enabled? boolean L4S is in force. macOS 15: tcpi_l4s_enabled.
---@field ecn_cwr_received? integer Segments received whose sender had reduced its window for congestion (CWR). macOS: tcpi_ecn_recv_cwr.
---@field paws_drops? integer Segments dropped for an old timestamp (PAWS). macOS: tcpi_pawsdrop.
---@field sack_recoveries? integer Recoveries by SACK. macOS: tcpi_sack_recovery_episode.
---@field reordered_packets? integer Segments that we sent and that were seen to arrive in another order. macOS: tcpi_reordered_pkts.
---@field dsack_sent? integer D-SACK options sent. macOS: tcpi_dsack_sent.
---@field accecn_client_state? integer Accurate ECN as client, the kernel's state number. macOS 14: tcpi_client_accecn_state.
---@field accecn_server_state? integer Accurate ECN of the server, the kernel's state number. macOS 14: tcpi_server_accecn_state.
---@field ecn_packets_sent? integer Segments sent as ECN-capable. macOS 14: tcpi_ecn_capable_packets_sent.
---@field ecn_packets_acked? integer Segments sent as ECN-capable and acknowledged. macOS 14: tcpi_ecn_capable_packets_acked.
---@field ecn_packets_marked? integer Segments sent as ECN-capable that arrived with a congestion mark. macOS 14: tcpi_ecn_capable_packets_marked.
---@field ecn_packets_lost? integer Segments sent as ECN-capable and lost. macOS 14: tcpi_ecn_capable_packets_lost.
---@field accecn_ce_packets_received? integer Segments received with a congestion mark, by accurate ECN. macOS 15: tcpi_received_ce_packets.
---@field flow_control_us? integer Time that the interface held the connection back (flow advisory), microseconds. macOS 14: tcpi_flow_control_total_time.
---@field fib? integer Routing table (FIB) of the socket. FreeBSD: inc_fibnum.
---@field ttl? integer Time to live of the IPv4 packets that we send. FreeBSD: inp_ip_ttl.
---@field flow_id? integer Hash that spreads the connection's packets over queues and processors; 0 none. FreeBSD: inp_flowid.
---@field log_id? string Identifier that was set for the connection's log, TCP_LOGID. FreeBSD: xt_logid.
---@field dsack_tlp_bytes? integer Bytes reported twice by D-SACK that tail loss probes had sent. FreeBSD: t_dsack_tlp_bytes.
---@field mptcp_map_length? integer MPTCP subflow: bytes of the mapping of received data. Linux: MPTCP_SUBFLOW_ATTR_MAP_DATALEN.
local Socket = {}

---One that stays valid after the loop or hook.
---@return tcpstats.Socket
function Socket:copy() end

---The fields that are there, by name.
---@return table<tcpstats.FieldName, any>
function Socket:totable() end

---What `tcpstats.filter` gives; `tostring(filter)` is its text.
---@class tcpstats.Filter
local Filter = {}

---Whether it is wanted.
---@param socket tcpstats.Socket
---@return boolean
function Filter:matches(socket) end

---Whether it says of a connection the same for as long as it lives (no states but LISTEN, no metrics, no owners).
---@return boolean
function Filter:lasting() end

---What `tcpstats.where` gives; `expression(s)` is its value, `tostring(expression)` its text.
---@class tcpstats.Expression
---@overload fun(s: tcpstats.Socket, seconds?: number): any
---@field text string
---@field type "boolean"|"integer"|"number"|"text"|"mixed"
---@field fields string[] the fields it reads

---Compares each batch with the one before it.
---@class tcpstats.Tracker
local Tracker = {}

---The same with deltas against the one before it, opened() and closed(). `monotonic_ns` is when the batch was collected on a clock that never steps; without it, what the batch itself says. A second argument that is no table is passed over, so that tracker:update(tcpstats.decode(bytes)) does what it looks like: decode gives a position as well.
---@param batch tcpstats.Batch
---@param options? { monotonic_ns?: integer }
---@return tcpstats.Batch
function Tracker:update(batch, options) end

---Bytes that it holds, less the last batch.
---@return integer
function Tracker:size() end

---What `tcpstats.open` gives.
---@class tcpstats.Source
local Source = {}

---Reads every socket once. The filter is compiled. The code is "EEND" when a recording has no further pass. With several tables one dump serves all: a batch for each. What they want of the source must be the same; the first one's is taken.
---@param options { processes?: boolean, tcp_info?: boolean, tcp_info_limit?: integer, filter?: string|tcpstats.Filter, whole_table?: boolean, tracker?: tcpstats.Tracker, schedule_name?: string, interval_ms?: integer, sequence?: integer, summary_only?: boolean }
---@return tcpstats.Batch?
---@return string? what # what went wrong
---@return string? code
function Source:pass(options) end

---Gives back what the source holds; the second when what was recorded is not whole. A closed source raises; closing it again does nothing.
---@return true?
---@return string? what # what went wrong
---@return string? code
function Source:close() end

---What a recording says of its next pass, `at_ns` being when it was by one clock throughout; of a live source an empty table.
---@return { schedule_name?: string, interval_ms?: integer, at_ns?: integer }|nil
---@return string? what # what went wrong
---@return string? code
function Source:upcoming() end

---Bytes read and bytes in all (0: not known) of a capture; nothing of anything else.
---@return integer?
---@return integer?
function Source:progress() end

---"linux", "macos", "freebsd" or what a capture was made with.
---@return string
function Source:name() end

---Whether it asks the running kernel.
---@return boolean
function Source:live() end

---What `tcpstats.collector` gives: passes one after the other over a source, of one schedule or several.
---@class tcpstats.Collector
local Collector = {}

---From the next pass on only these sockets are collected. Where that changes something, connections are followed anew: one that was there and was not wanted before has not been opened.
---@param filter string|tcpstats.Filter compiled, or nil for all
function Collector:choose(filter) end

---When the next pass is due.
---@return integer? # monotonic ns; nil when every schedule has made its passes
function Collector:due() end

---Makes the passes that are due now, of which there is at least one when it is time (see due).
---@return { batch?: tcpstats.Batch, schedule?: any, since_ns?: integer }[]|nil # a list of {batch=, schedule=, since_ns= what passed since the pass before of that schedule}: "EEND" when a recording has no further pass. After any other failure the next pass may be tried in its time
---@return string? what # what went wrong
---@return string? code
function Collector:collect() end

---The passes as they come: an iterator for `for`. It waits in between; a signal does not end it.
---@return fun(): tcpstats.Batch, table # an iterator that gives a batch and its schedule ({name=, interval_ns=, ...}); it raises when a pass fails
function Collector:batches() end

---How far a recording is read.
---@return integer?, integer? # bytes read, and bytes in all (0: not known); nothing when nobody knows
function Collector:progress() end

---Closes the source. Fails when what was recorded could not be written to its end.
---@return true?
---@return string? what # what went wrong
---@return string? code
function Collector:close() end

---@class tcpstats.RawTerminal
---@field restore fun(self: tcpstats.RawTerminal)

---What `ctx:output` returns.
---@class tcpstats.Output
---@field url string What it was opened with.
local Output = {}

---As ctx:emit.
---@param x tcpstats.Batch|tcpstats.Socket|table|string
---@param options? tcpstats.EmitOptions
function Output:write(x, options) end

---As ctx:flush.
function Output:flush() end

---As ctx:isatty.
---@return boolean
function Output:isatty() end

---Closes it; the next write opens it again.
function Output:close() end

---The options of `ctx:emit` and `output:write`.
---@class tcpstats.EmitOptions
---@field format "json"|"flat"|"protobuf"|"csv"
---@field pretty boolean Indented, for json.
---@field addresses "base64"|"text" For json: base64 loads as protobuf JSON.
---@field fields string[] The columns, for csv.
---@field header boolean Whether the line of names is written, for csv (true).

---An entry of a script's `options`.
---@class tcpstats.ScriptOption
---@field type "number"|"integer"|"string"|"boolean" Of its value. A boolean is a flag, --name; if its default is true, --no-name turns it off.
---@field default any A value of that type. Without one ctx.options.NAME is nil until the option is given.
---@field help string One line for --info.
---@field many boolean The option may be given several times; its value is a list, and so is its default.
---@field choices string[] The allowed values of a string.
---@field min number The smallest allowed number.
---@field max number The largest allowed number.

---An entry of a script's `timers`.
---@class tcpstats.Timer
---@field every number Seconds, at least 0.01.
---@field run fun(ctx: tcpstats.Ctx) Called between passes.

---What a script returns. Everything in it may be left out.
---@class tcpstats.Script
---@field name? string Shown by --list and in messages. Default: the file's name without .lua.
---@field help? string One line for --list and --info.
---@field options? table<string, tcpstats.ScriptOption> The script's options by name: `{ rtt_ms = { type = "number", default = 200, help = "..." } }` is --rtt-ms on the command line and ctx.options.rtt_ms in hooks.
---@field filter? string In the filter language: the script sees a view of the sockets that match. If it is the only script and the filter names only ports, addresses, families or LISTEN, the kernel is asked for these sockets alone, and the summary counts only them.
---@field init? fun(ctx: tcpstats.Ctx) Called before the first pass. `error(text, 0)`, which has no position, rejects the command line: the text is printed and the exit status is 2.
---@field on_open? fun(s: tcpstats.Socket, ctx: tcpstats.Ctx) Called for each connection that this pass sees first; never in the first pass.
---@field on_close? fun(s: tcpstats.Socket, ctx: tcpstats.Ctx) Called with the last values of each connection that is gone.
---@field on_socket? fun(s: tcpstats.Socket, ctx: tcpstats.Ctx) Called for each connection of the pass. `s` is one proxy that shows socket after socket; it is valid until the hook returns, and s:copy() keeps one. An error in a hook loses only that call.
---@field on_batch? fun(batch: tcpstats.Batch, ctx: tcpstats.Ctx) Called with the whole pass. The hooks of a pass run in the order on_open, on_close, on_socket, on_batch.
---@field timers? tcpstats.Timer[] `{ { every = SECONDS, run = function(ctx) end } }`
---@field on_input? fun(bytes: string, ctx: tcpstats.Ctx) Called with what was typed: standard input is read as it comes if a script has this hook. "" is its end.
---@field on_resize? fun(ctx: tcpstats.Ctx) Called when the terminal has changed its size.
---@field save? fun(ctx: tcpstats.Ctx): table Called before a reload: the new script's restore gets what the old one's save returns.
---@field restore? fun(t: table, ctx: tcpstats.Ctx) Called after a reload and after init, with what save returned.
---@field stop? fun(ctx: tcpstats.Ctx) Called at the end, and for the old script after a reload.

---What every hook gets as its last argument. It is read-only; reading what is not there raises.
---@class tcpstats.Ctx
---@field name string The script's name.
---@field options table<string, any> The values of the script's options.
---@field state table A table for the script's own values. It outlives passes and is new after a reload, see save and restore.
---@field now_ns integer When the pass was made, in nanoseconds since the epoch. For a recording it is the recorded time, in a timer or in init the current one. The clock may step: use it to name a time, not to measure one.
---@field elapsed_ns integer Nanoseconds since the run began, by a clock that never steps; for a recording by its own time. Measure durations, hold-downs and rate limits with it.
---@field since_ns integer? Nanoseconds between this pass and the previous one of the same schedule, the divisor of rates. nil in the first pass.
---@field schedule { name?: string, interval_ms?: integer, processes?: boolean, tcp_info?: boolean, summary_only?: boolean }? The schedule of the pass: name, interval_ms, processes, tcp_info, summary_only. nil outside of a pass.
---@field batch tcpstats.Batch? The pass as this script sees it, also in on_socket, on_open and on_close. nil outside of a pass.
---@field live boolean Whether the running kernel is asked; false for a recording.
---@field format string? What --format said; nil if it was not given.
local Ctx = {}

---Writes to the script's output (-o, by default standard output):
---  a batch   one BatchMessage
---  a socket  one line of flat JSON, unless --format or options.format says otherwise
---  a table   one line of JSON
---  a string  as it is; newlines are up to you
---A write that fails ends the run: quietly with 0 when a reader went away, with 1 and the reason when a disk is full.
---@param x tcpstats.Batch|tcpstats.Socket|table|string
---@param options? tcpstats.EmitOptions
function Ctx:emit(x, options) end

---Another output, the same one for the same URL. Raises if it cannot be opened.
---@param url string
---@return tcpstats.Output
function Ctx:output(url) end

---Writes what was emitted now rather than at the end of the pass.
function Ctx:flush() end

---Whether the script's output is a terminal.
---@return boolean
function Ctx:isatty() end

---Writes a line to standard error, prefixed with the script's name. The format is that of string.format. debug is shown with --verbose.
---@param level "error"|"warning"|"info"|"debug"
---@param format string
---@param ... any
function Ctx:log(level, format, ...) end

---Ends the run after this pass with an exit status from 0 to 125 (0); of several the largest counts.
---@param code? integer
---@param message? string
function Ctx:stop(code, message) end

---Hold-down: whether a condition has been true for some time without a break.
---@param key any what is judged
---@param condition boolean whether it is true now
---@param seconds number how long it has to be
---@return boolean # whether it has been
---@return number # for how many seconds it has been true
function Ctx:hold(key, condition, seconds) end

---Hysteresis: true from when the value passes `on` until it passes `off`, so that a value that trembles about a limit alarms once.
---@param key any what is judged
---@param value? number nil: not known, which leaves things as they are
---@param on number above it: true. With `off` above `on` it is the other way round: true below `on`, false again above `off`
---@param off number the limit on the way back
---@return boolean # whether it is true
function Ctx:hysteresis(key, value, on, off) end

---Rate limit: at most `count` in any `seconds`, on the average; at most `count` at once.
---@param key any what is limited, e.g. "mail"
---@param count integer
---@param seconds number
---@return boolean # whether it may happen now
---@return integer # when it may, how often it was refused since the last time
function Ctx:limit(key, count, seconds) end

---An alarm, which turns conditions into the few events that somebody wants to hear of. Make it in init and keep it in ctx.state.
---@param options? { hold?: number, release?: number, every?: number }
---@return tcpstats.Alarm # an alarm with set(), finish() and count()
function Ctx:alarm(options) end

---What `ctx:alarm` gives.
---@class tcpstats.Alarm
local Alarm = {}

---Says how a condition stands in this pass.
---@param ctx tcpstats.Ctx the hook's
---@param key any what is judged
---@param active boolean whether the condition is true
---@return "raised"|"again"|"cleared"|nil # nil when there is nothing to tell
---@return number # for how many seconds the condition has been true
function Alarm:set(ctx, key, active) end

---Ends a pass: conditions that nobody spoke of in it, but in an earlier one of the same schedule, are not true any more.
---@param ctx tcpstats.Ctx the hook's
---@return any[] # the list of keys that were cleared by that
function Alarm:finish(ctx) end

---How many conditions are raised now, and whether one is.
---@param key? any the one that is asked for
---@return integer|boolean # a number; or, with a key, whether it is
function Alarm:raised(key) end

return tcpstats
