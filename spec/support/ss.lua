--- What `ss -tinmeO` (iproute2 5.9 to 7.3) prints of a socket, and what it would print of one of our records.
--
-- ss runs before our record is taken and after, again and again until both runs say the same but for what follows the clock (ages, timers): nothing
-- happened to the sockets in between. What both say we must say too, and ages and timers must lie between theirs. A record is turned into the words
-- that ss would print for it, so a missing or superfluous word is found as well as a wrong one, and a word that is not known here is wrong.
local support = require "spec.support"

local ss = {}

-- ------------------------------------------------------------------ ss's lines to words

-- Words that consist of two, and bare ones.
local two_words = { send = true, pacing_rate = true, delivery_rate = true }
local bare = { ts = true, usec_ts = true, sack = true, ecn = true, ecnseen = true, fastopen = true, app_limited = true }

-- Sequence numbers of MPTCP, hexadecimal before iproute2 6.15 and decimal since.
local mptcp_numbers = { "seq", "sfseq", "ssnoff", "maplen" }

--- Decimal digits, up to 2^64 - 1, as hexadecimal ones.
local function hexadecimal(digits)
  local n = 0
  for digit in digits:gmatch "%d" do n = n * 10 + math.tointeger(digit) end
  return ("%x"):format(n)
end

--- A line of ss as {key = text}; a bare word is {word = "yes"}.
local function parse(line, version)
  local words = {}
  local rest = line:gsub(" users:(%b())", function(users) words.users = users return "" end)
  rest = rest:gsub(" inet%-sockopt: (%b())", function(flags) words.sockopt = flags return "" end)
  local state, receive, send, here, there, more = rest:match "^(%S+)%s+(%d+)%s+(%d+)%s+(%S+)%s+(%S+)%s*(.*)$"
  assert(state, "no socket: " .. line)
  words.state, words.receive, words.send_queue, words.here, words.there = state, receive, send, here, there
  local pending
  for word in more:gmatch "%S+" do
    local key, value = word:match "^([%a_][%w_]*):(.*)$"
    if pending then
      words[pending], pending = word, nil
    elseif two_words[word] then
      pending = word
    elseif key then
      words[key] = value
    elseif word:match "^[<-]%-?[>-]$" or word:match "^[<-]%-[>-]$" then
      words.ends = word
    elseif bare[word] then
      words[word] = "yes"
    elseif word:match "^tcp%-ulp%-" then
      words.ulp = word:sub(9)
    else
      assert(not words.algorithm, "unknown word " .. word)
      words.algorithm = word
    end
  end
  if version >= 6.15 then
    for _, key in ipairs(mptcp_numbers) do words[key] = words[key] and hexadecimal(words[key]) end
  end
  return words
end

--- The version in what `ss -V` says ("ss utility, iproute2-6.15.0"), as a number whose fraction is the second part in hundredths: 6.15, 5.09. 0: none.
function ss.version(text)
  local major, minor = text:match "iproute2%-(%d+)%.(%d+)"
  return major and tonumber(major) + tonumber(minor) / 100 or 0
end

--- All lines of ss.
-- @param text what it printed
-- @param version its own, as of ss.version
-- @return words by cookie, and how many sockets that is
function ss.parse(text, version)
  local sockets, count = {}, 0
  for line in text:gmatch "[^\n]+" do
    local words = parse(line, version)
    sockets[tonumber(words.sk, 16)] = words
    count = count + 1
  end
  return sockets, count
end

-- ------------------------------------------------------------------ our records to ss's words

ss.states = {
  ESTABLISHED = "ESTAB", SYN_SENT = "SYN-SENT", SYN_RECEIVED = "SYN-RECV", FIN_WAIT_1 = "FIN-WAIT-1", FIN_WAIT_2 = "FIN-WAIT-2",
  TIME_WAIT = "TIME-WAIT", CLOSED = "UNCONN", CLOSE_WAIT = "CLOSE-WAIT", LAST_ACK = "LAST-ACK", LISTEN = "LISTEN", CLOSING = "CLOSING",
}

local function endpoint(s, address, port, interface)
  local text = tostring(s.ip_version) == "6" and "[" .. address .. "]" or address
  if address == "::" and s.v6only == false then text = "*" end
  return text .. (interface and "%" .. interface or "") .. ":" .. (port or "*")
end

local function positive(n) return n and n > 0 and ("%d"):format(n) or nil end
local function milliseconds(us) return us and us > 0 and ("%g"):format(us / 1000) or nil end
local function bits(bytes) return bytes and bytes > 0 and ("%.0fbps"):format(bytes * 8.0) or nil end
local function flag(set) return set and "yes" or nil end
local function field(name) return function(s) return positive(s[name]) end end
local function option(bit) return function(s) return flag((s.negotiated_options or 0) & bit ~= 0) end end
local function segments(s, bytes) return bytes and s.maxseg and s.maxseg > 0 and bytes // s.maxseg or nil end
local function of_busy(us, busy) return ("%dms(%.1f%%)"):format(us // 1000, 100.0 * us / busy) end

local sockopt_words = {
  { 0, "recverr" }, { 1, "is_icsk" }, { 2, "freebind" }, { 3, "hdrincl" }, { 4, "mc_loop" }, { 5, "transparent" }, { 6, "mc_all" },
  { 7, "nodefrag" }, { 8, "bind_addr_no_port" }, { 9, "recverr_rfc4884" }, { 10, "defer_connect" },
}

--- What ss would print under each key; nil: nothing.
local render = {
  state = function(s) return ss.states[s.state] end,
  receive = function(s) return ("%d"):format(s.accept_queue or s.rcv_buf_used or 0) end,
  send_queue = function(s) return ("%d"):format(s.accept_backlog or s.snd_buf_used or 0) end,
  here = function(s) return endpoint(s, s.local_addr, s.local_port, s.interface) end,
  there = function(s) return endpoint(s, s.remote_addr, s.remote_port) end,
  uid = field "uid",
  ino = function(s) return ("%d"):format(s.inode or 0) end,
  sk = function(s) return ("%x"):format(s.socket_id) end,
  fwmark = function(s) return s.mark and s.mark ~= 0 and ("0x%x"):format(s.mark) or nil end,
  cgroup = function(s) return s.cgroup or s.cgroup_id and ("unreachable:%x"):format(s.cgroup_id) end,
  v6only = function(s) return s.v6only ~= nil and (s.v6only and "1" or "0") or nil end,
  ends = function(s) return s.shutdown and (s.shutdown & 1 ~= 0 and "-" or "<") .. "-" .. (s.shutdown & 2 ~= 0 and "-" or ">") or nil end,
  tos = function(s) return s.tos and ("%#x"):format(s.tos) or nil end,
  tclass = function(s) return s.tclass and ("%#x"):format(s.tclass) or nil end,
  class_id = function(s) return s.class_id and ("%#x"):format(s.class_id) or nil end,
  sockopt = function(s)
    if not s.socket_options then return nil end
    local words = {}
    for _, word in ipairs(sockopt_words) do
      if s.socket_options >> word[1] & 1 ~= 0 then words[#words + 1] = " " .. word[2] end
    end
    return "(" .. table.concat(words) .. ")"
  end,
  skmem = function(s)
    return s.skmem_rmem_alloc and ("(r%d,rb%d,t%d,tb%d,f%d,w%d,o%d,bl%d,d%d)"):format(s.skmem_rmem_alloc, s.rcv_buf_hiwat, s.skmem_wmem_alloc,
      s.snd_buf_hiwat, s.skmem_fwd_alloc, s.skmem_wmem_queued, s.skmem_optmem, s.skmem_backlog, s.socket_drops) or nil
  end,
  ts = option(1), usec_ts = function(s) return flag(s.usec_ts) end, sack = option(2), ecn = option(8), fastopen = option(16),
  ecnseen = function(s) return flag(s.ecn_seen) end,
  algorithm = function(s) return s.cc_algo end,
  wscale = function(s) return s.snd_wscale and ("%d,%d"):format(s.snd_wscale, s.rcv_wscale) or nil end,
  rto = function(s) return s.rto_us ~= 3000000 and milliseconds(s.rto_us) or nil end,
  backoff = field "rxt_shift",
  rtt = function(s) return s.rtt_us and ("%g/%g"):format(s.rtt_us / 1000, s.rttvar_us / 1000) or nil end,
  ato = function(s) return milliseconds(s.ato_us) end,
  mss = field "maxseg", pmtu = field "pmtu", rcvmss = field "rcv_mss", advmss = field "advmss",
  cwnd = function(s) return positive(segments(s, s.snd_cwnd)) end,
  ssthresh = function(s)
    local n = segments(s, s.snd_ssthresh)
    return n and n < 0xffff and positive(n) or nil
  end,
  bytes_sent = field "tx_bytes", bytes_retrans = field "retransmit_bytes", bytes_acked = field "bytes_acked", bytes_received = field "rx_bytes",
  segs_out = field "tx_packets", segs_in = field "rx_packets", data_segs_out = field "data_segs_out", data_segs_in = field "data_segs_in",
  bbr = function(s)
    if not s.bbr_bw then return nil end
    local gains = (s.bbr_pacing_gain > 0 and (",pacing_gain:%g"):format(s.bbr_pacing_gain / 256) or "")
      .. (s.bbr_cwnd_gain > 0 and (",cwnd_gain:%g"):format(s.bbr_cwnd_gain / 256) or "")
    return ("(bw:%.0fbps,mrtt:%g%s)"):format(s.bbr_bw * 8.0, (s.bbr_min_rtt_us or 0xffffffff) / 1000, gains)
  end,
  send = function(s)
    local cwnd = segments(s, s.snd_cwnd)
    return cwnd and cwnd > 0 and s.rtt_us and ("%.0fbps"):format(cwnd * s.maxseg * 8000000.0 / s.rtt_us) or nil
  end,
  lastsnd = field "last_data_sent_ms", lastrcv = field "idle_time_ms", lastack = field "last_ack_recv_ms",
  pacing_rate = function(s)
    local most = bits(s.max_pacing_rate)
    return s.pacing_rate and bits(s.pacing_rate) and bits(s.pacing_rate) .. (most and "/" .. most or "") or nil
  end,
  delivery_rate = function(s) return bits(s.delivery_rate) end,
  delivered = field "delivered", delivered_ce = field "ecn_ce_delivered",
  app_limited = function(s) return flag(s.delivery_rate_app_limited) end,
  busy = function(s) return s.busy_time_us and s.busy_time_us > 0 and ("%dms"):format(s.busy_time_us // 1000) or nil end,
  rwnd_limited = function(s) return positive(s.rwnd_limited_us) and of_busy(s.rwnd_limited_us, s.busy_time_us) or nil end,
  sndbuf_limited = function(s) return positive(s.sndbuf_limited_us) and of_busy(s.sndbuf_limited_us, s.busy_time_us) or nil end,
  unacked = function(s) return positive(s.unacked or s.accept_queue) end, -- for a listener ss shows its queue once more
  retrans = function(s)
    local now, all = s.retrans_in_flight or 0, s.rexmit_packets or 0
    return now + all > 0 and ("%d/%d"):format(now, all) or nil
  end,
  lost = field "lost", sacked = field "sacked", dsack_dups = field "dsack_packets", fackets = field "fackets",
  reordering = function(s) return s.reordering and s.reordering ~= 3 and ("%d"):format(s.reordering) or nil end,
  reord_seen = field "reord_seen",
  rcv_rtt = function(s) return milliseconds(s.rcv_rtt_us) end,
  rcv_space = field "rcv_space", rcv_ssthresh = field "rcv_ssthresh", notsent = field "notsent_bytes",
  minrtt = function(s) return milliseconds(s.rtt_min_us) end,
  rcv_ooopack = field "ooo_packets", snd_wnd = field "snd_wnd", rcv_wnd = field "rcv_wnd", rehash = field "rehash",
  ulp = function(s) return s.ulp end,
  flags = function(s)
    local letters = ("MmJjBbecv"):gsub("()(.)", function(at, letter) return (s.mptcp_flags or 0) >> (at - 1) & 1 ~= 0 and letter or "" end)
    return letters ~= "" and letters or nil
  end,
  token = function(s)
    return s.mptcp_token_remote and ("%04x(id:%d)/%04x(id:%d)"):format(s.mptcp_token_remote, s.mptcp_id_remote, s.mptcp_token_local, s.mptcp_id_local)
      or nil
  end,
  seq = function(s) return s.mptcp_map_seq and ("%x"):format(s.mptcp_map_seq) or nil end,
  sfseq = function(s) return s.mptcp_map_subflow_seq and ("%x"):format(s.mptcp_map_subflow_seq) or nil end,
  ssnoff = function(s) return s.mptcp_subflow_offset and ("%x"):format(s.mptcp_subflow_offset) or nil end,
  maplen = function(s) return s.mptcp_map_length and ("%x"):format(s.mptcp_map_length) or nil end,
}

-- ------------------------------------------------------------------ comparisons other than equality of words

--- ms of what ss says of a timer, and of what it was rounded down to: "1min5sec", "14sec", "203ms", "" (it is due), and 3.2 s as "3.200ms" or, since
-- 6.15 at the latest, "3.200sec".
function ss.timer_ms(text)
  if text == "" then return 0, 1 end
  local minutes, rest = text:match "^(%d+)min(.*)$"
  rest = rest or text
  if minutes then return 60000 * minutes + 1000 * (tonumber(rest:match "^(%d+)sec") or 0), rest == "" and 60000 or 1000 end
  local seconds, ms = rest:match "^(%d+)%.(%d+)%l+$"
  if seconds then return 1000 * seconds + tonumber(ms), 1 end
  seconds = rest:match "^(%d+)sec$"
  if seconds then return 1000 * tonumber(seconds), 1000 end
  return assert(tonumber(rest:match "^(%d+)ms$"), text), 1
end

local timers = { on = "timer_rexmt_ms", keepalive = "timer_keep_ms", timewait = "timer_2msl_ms", persist = "timer_persist_ms" }

--- The timer: its kind, the time left, and the retries.
local function check_timer(s, first, second)
  if not first and not second then
    for _, name in pairs(timers) do
      if (s[name] or 0) ~= 0 then return ("%s is %d, ss has no timer"):format(name, s[name]) end
    end
    return nil
  end
  if not first or not second then return nil end -- it was set, or it fired
  local kind, left, tries = first:match "^%((%a+),([^,]*),(%d+)%)$"
  local kind2, left2, tries2 = second:match "^%((%a+),([^,]*),(%d+)%)$"
  local ours = s[timers[kind]]
  if kind ~= kind2 or tries ~= tries2 then return nil end
  if not ours then return "no timer " .. kind end
  if kind ~= "timewait" and tonumber(tries) ~= s.timer_retransmits then return ("%s tries, ss says %s"):format(s.timer_retransmits, tries) end
  local most, step = ss.timer_ms(left)
  local least = ss.timer_ms(left2)
  if least > most then return nil end -- it fired and was set again
  if ours < least or ours >= most + step then return ("%s is %d, ss says %s and then %s"):format(timers[kind], ours, left, left2) end
end

--- The owner: one of those that ss names, and how many more there are.
local function check_users(s, first, second)
  if first ~= second then return nil end
  if not first then return s.pid and "an owner, ss has none" or nil end
  local owners, found = 0, false
  for name, pid, fd in first:gmatch '%("(.-)",pid=(%d+),fd=(%d+)%)' do
    owners = owners + 1
    found = found or (name == s.command and tonumber(pid) == s.pid and tonumber(fd) == s.fd)
  end
  if not found then return ("owner %s %s %s, ss says %s"):format(s.command, s.pid, s.fd, first) end
  if s.shared_descriptors ~= owners - 1 then return ("%s other descriptors, ss says %s"):format(s.shared_descriptors, first) end
end

local checks = { timer = check_timer, users = check_users }

-- What ss prints and we leave out, because the kernel's number means nothing there.
local meaningless = {
  lastsnd = function(s) return s.state == "SYN_SENT" end, -- counts from the machine's start
  lastrcv = function(s) return s.state == "SYN_SENT" end,
  lastack = function(s) return s.state == "SYN_SENT" end,
  cwnd = function(s) return s.state == "LISTEN" end, -- of connections to come, in segments of a size that is not known yet
}

-- Where the kernel, and so ss, counts a FIN as a byte.
local counts_fin = { receive = "rcv_buf_used", bytes_received = "rx_bytes" }
local fin_received = { CLOSE_WAIT = true, LAST_ACK = true, CLOSING = true }

-- Milliseconds since something.
local since = { lastsnd = true, lastrcv = true, lastack = true }

--- Numbers in a text, and the text without them.
local function numbers(text)
  local list = {}
  local rest = text:gsub("%d+%.?%d*", function(n) list[#list + 1] = tonumber(n) return "#" end)
  return list, rest
end

--- Whether each number of `text` lies between those of the two others.
local function between(text, first, second)
  local n, rest = numbers(text)
  local a, rest_a = numbers(first)
  local b, rest_b = numbers(second)
  if rest ~= rest_a or rest ~= rest_b then return false end
  for i, value in ipairs(n) do
    if value < math.min(a[i], b[i]) or value > math.max(a[i], b[i]) then return false end
  end
  return true
end

--- What is wrong with word `key` of a record; nil: nothing.
-- @param s the record as a table
-- @param first what ss said before us, nil for nothing
-- @param second what it said after us
function ss.compare(key, s, first, second)
  if checks[key] then return checks[key](s, first, second) end
  if not render[key] then return "a word that has no field: " .. key .. ":" .. tostring(first or second) end
  local ours = render[key](s)
  if ours == first or ours == second then return nil end
  if counts_fin[key] and fin_received[s.state] then
    local with_fin = ("%d"):format(s[counts_fin[key]] + 1)
    if with_fin == first or with_fin == second then return nil end
  end
  if ours == nil and meaningless[key] and meaningless[key](s) then return nil end
  if since[key] and first and second and tonumber(second) < tonumber(first) then return nil end -- it happened again meanwhile
  if ours and between(ours, first or ours:gsub("%d+", "0"), second or ours:gsub("%d+", "0")) then return nil end
  return ("%s: %s, ss says %s and then %s"):format(key, ours, first, second)
end

-- What an older ss says nothing of.
local newer = { rcv_wnd = true, rehash = true, sockopt = true, usec_ts = true }

--- Every key that there is something to say of: those that ss said anywhere, and those that we would say.
function ss.keys(sockets)
  local keys, said, sorted = {}, {}, {}
  for _, words in pairs(sockets) do
    for key in pairs(words) do keys[key], said[key] = true, true end
  end
  for key in pairs(render) do keys[key] = said[key] or not newer[key] or nil end
  for key in pairs(keys) do sorted[#sorted + 1] = key end
  table.sort(sorted)
  return sorted, said
end

--- What is wrong with word `key` of all records, five at most; "" for nothing.
-- @param seen {first = words by cookie, ours = tables by socket_id, second = words by cookie}
function ss.differences(key, seen)
  local wrong = {}
  for id, s in pairs(seen.ours) do
    local first, second = seen.first[id], seen.second[id]
    if first and second then
      local what = ss.compare(key, s, first[key], second[key])
      if what then wrong[#wrong + 1] = ("%s %s -> %s: %s"):format(s.state, first.here, first.there, what) end
    end
  end
  return table.concat(wrong, "\n", 1, math.min(#wrong, 5))
end

-- What changes as time passes, without anything happening.
local TIMES <const> = "lastsnd|lastrcv|lastack|busy|rwnd_limited|sndbuf_limited|timer"

--- Looks at the sockets of spec/live/world.c with ss, by us and with ss again, until nothing happened in between.
-- @param options of spec/live/print_sockets.lua
-- @return {first =, ours =, second =, count =} for ss.differences; or nil, the exit code of the world (77: it cannot be made here) and what was said
function ss.observe(options)
  local out = os.tmpname()
  local version = ss.version(support.run "ss -V")
  local flags = "-tinmeOpHa --tos" .. (support.run("ss -h"):find("--inet-sockopt", 1, true) and " --inet-sockopt" or "")
  local script = support.temporary(([[
    still() { sed -E 's/ (TIMES):[^ ]*//g; s/ +/ /g' <$1 | sort >$2; }
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      ss FLAGS >OUT.1 && LUA spec/live/print_sockets.lua OPTIONS >OUT.2 && ss FLAGS >OUT.3 || exit 1
      still OUT.1 OUT.4; still OUT.3 OUT.5
      cmp -s OUT.4 OUT.5 && exit 0
    done
    echo "something happens to the sockets all the time:" >&2; diff OUT.4 OUT.5 >&2; exit 1
  ]]):gsub("%u+", { TIMES = TIMES, FLAGS = flags, OUT = out, LUA = support.lua, OPTIONS = options }))
  local _, err, code = support.run(("%s/live/world sh %s"):format(support.programs, script))
  os.remove(script)
  local seen
  if code == 0 then
    local first, count = ss.parse(support.read(out .. ".1"), version)
    local ours = load("return " .. support.read(out .. ".2"), "sockets", "t", {})()
    seen = { first = first, ours = ours, second = ss.parse(support.read(out .. ".3"), version), count = count }
  end
  os.execute(("rm -f %s %s.[12345]"):format(out, out))
  return seen, code, err
end

return ss
