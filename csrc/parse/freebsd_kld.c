#include "parse/freebsd_kld.h"

#include <stdlib.h>

#include "parse/endpoints.h"
#include "parse/freebsd_pieces.h"

static void set_endpoints(tcps_rows *rows, tcps_record *r, const tcps_struct *x) {
    if (x->at[KLD_AF] == FREEBSD_AF_INET6) {
        tcps_set_bsd_addresses6(rows, r, x->at + KLD_LADDR, x->at + KLD_RADDR);
    } else if (x->at[KLD_AF] == FREEBSD_AF_INET) {
        tcps_set_addresses(rows, r, x->at + KLD_LADDR, x->at + KLD_RADDR, 4);
    }
    tcps_set_nonzero(r, TCPS_F_local_port, tcps_load16(x->at + KLD_LPORT));
    tcps_set_nonzero(r, TCPS_F_remote_port, tcps_load16(x->at + KLD_RPORT));
}

/* What the module fills whatever it was asked for. */
static void set_identity(tcps_rows *rows, tcps_record *r, const tcps_struct *x) {
    set_endpoints(rows, r, x);
    tcps_freebsd_set_state(r, tcps_load32(x->at + KLD_STATE));
    tcps_set_nonzero(r, TCPS_F_inp_gencnt, tcps_load64(x->at + KLD_GENCNT));
    tcps_set(r, TCPS_F_sources, 1ull << TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_KLD);
    if (tcps_load32(x->at + KLD_FLAGS) & KLD_FLAG_SYNCACHE) {
        tcps_set(r, TCPS_F_half_open, true);
        return;
    }
    tcps_read32(r, TCPS_F_tcp_flags, x, KLD_TCP_FLAGS);
    if (tcps_load64(x->at + KLD_SO)) { /* without a socket there is no user either */
        tcps_set(r, TCPS_F_socket_id, tcps_load64(x->at + KLD_SO));
        tcps_read32(r, TCPS_F_uid, x, KLD_UID);
    }
}

/* 0 is no sample yet, and the variation is a constant then. */
static void set_rtt(tcps_record *r, const tcps_struct *x) {
    if (tcps_load32(x->at + KLD_RTT)) {
        tcps_read32(r, TCPS_F_rtt_us, x, KLD_RTT);
        tcps_read32(r, TCPS_F_rttvar_us, x, KLD_RTTVAR);
    }
    tcps_read32(r, TCPS_F_rto_us, x, KLD_RTO);
}

static void set_options(tcps_record *r, const tcps_struct *x) {
    tcps_set(r, TCPS_F_negotiated_options, x->at[KLD_OPTIONS]);
    if (x->at[KLD_OPTIONS] & TI_OPT_WSCALE) {
        tcps_set(r, TCPS_F_snd_wscale, x->at[KLD_SND_WSCALE]);
        tcps_set(r, TCPS_F_rcv_wscale, x->at[KLD_RCV_WSCALE]);
    }
}

static void set_congestion(tcps_record *r, const tcps_struct *x) {
    tcps_read32(r, TCPS_F_snd_cwnd, x, KLD_CWND);
    tcps_read32(r, TCPS_F_snd_ssthresh, x, KLD_SSTHRESH);
    tcps_read32(r, TCPS_F_snd_wnd, x, KLD_SND_WND);
    tcps_read32(r, TCPS_F_rcv_wnd, x, KLD_RCV_WND);
    tcps_read32(r, TCPS_F_maxseg, x, KLD_MAXSEG);
}

static void set_sequences(tcps_record *r, const tcps_struct *x) {
    tcps_read32(r, TCPS_F_snd_nxt, x, KLD_SND_NXT);
    tcps_read32(r, TCPS_F_snd_una, x, KLD_SND_UNA);
    tcps_read32(r, TCPS_F_snd_max, x, KLD_SND_MAX);
    tcps_read32(r, TCPS_F_rcv_nxt, x, KLD_RCV_NXT);
    tcps_read32(r, TCPS_F_rcv_adv, x, KLD_RCV_ADV);
}

static void set_counters(tcps_record *r, const tcps_struct *x) {
    tcps_read32(r, TCPS_F_rexmit_packets, x, KLD_REXMIT);
    tcps_read32(r, TCPS_F_ooo_packets, x, KLD_OOO);
    tcps_read32(r, TCPS_F_zerowin_probes, x, KLD_ZEROWIN);
    tcps_read32(r, TCPS_F_dupacks, x, KLD_DUPACKS);
    tcps_read32(r, TCPS_F_sack_blocks, x, KLD_NUMSACKS);
}

static void set_timers(tcps_record *r, const tcps_struct *x) {
    tcps_freebsd_read_timer(r, TCPS_F_timer_rexmt_ms, x, KLD_TT_REXMT);
    tcps_freebsd_read_timer(r, TCPS_F_timer_persist_ms, x, KLD_TT_PERSIST);
    tcps_freebsd_read_timer(r, TCPS_F_timer_keep_ms, x, KLD_TT_KEEP);
    tcps_freebsd_read_timer(r, TCPS_F_timer_2msl_ms, x, KLD_TT_2MSL);
    tcps_freebsd_read_timer(r, TCPS_F_timer_delack_ms, x, KLD_TT_DELACK);
    tcps_read32(r, TCPS_F_idle_time_ms, x, KLD_RCVTIME);
}

static void set_buffers(tcps_record *r, const tcps_struct *x) {
    if (!tcps_load64(x->at + KLD_SO)) return;
    tcps_read32(r, TCPS_F_snd_buf_used, x, KLD_SND_CC);
    tcps_read32(r, TCPS_F_snd_buf_hiwat, x, KLD_SND_HIWAT);
    tcps_read32(r, TCPS_F_rcv_buf_used, x, KLD_RCV_CC);
    tcps_read32(r, TCPS_F_rcv_buf_hiwat, x, KLD_RCV_HIWAT);
}

/* The group that is called ecn also has D-SACK and tail loss probes. */
static void set_ecn(tcps_record *r, const tcps_struct *x) {
    tcps_read32(r, TCPS_F_ecn_flags, x, KLD_ECN);
    tcps_read32(r, TCPS_F_ecn_ce_delivered, x, KLD_DELIVERED_CE);
    tcps_read32(r, TCPS_F_ecn_ce_received, x, KLD_RECEIVED_CE);
    tcps_read32(r, TCPS_F_dsack_bytes, x, KLD_DSACK_BYTES);
    tcps_read32(r, TCPS_F_dsack_packets, x, KLD_DSACK_PACK);
    tcps_read32(r, TCPS_F_tlp_probes_sent, x, KLD_TOTAL_TLP);
    tcps_read64(r, TCPS_F_tlp_bytes_sent, x, KLD_TLP_BYTES);
}

static void set_groups(tcps_rows *rows, tcps_record *r, const tcps_struct *x, uint32_t fields) {
    if (fields & KLD_FIELDS_STATE) set_options(r, x);
    if (fields & KLD_FIELDS_CONGESTION) set_congestion(r, x);
    if (fields & KLD_FIELDS_RTT) set_rtt(r, x);
    if (fields & KLD_FIELDS_SEQUENCES) set_sequences(r, x);
    if (fields & KLD_FIELDS_COUNTERS) set_counters(r, x);
    if (fields & KLD_FIELDS_TIMERS) set_timers(r, x);
    if (fields & KLD_FIELDS_BUFFERS) set_buffers(r, x);
    if (fields & KLD_FIELDS_ECN) set_ecn(r, x);
    if (fields & KLD_FIELDS_NAMES) {
        tcps_freebsd_read_name(rows, r, TCPS_F_cc_algo, x, KLD_CC, KLD_NAME_SIZE);
        tcps_freebsd_read_name(rows, r, TCPS_F_tcp_stack, x, KLD_STACK, KLD_NAME_SIZE);
    }
}

/* Of a listener and of a half-open connection the module fills no group. */
static bool is_connection(const uint8_t *x) {
    return !(tcps_load32(x + KLD_FLAGS) & (KLD_FLAG_LISTEN | KLD_FLAG_SYNCACHE)) && tcps_load32(x + KLD_STATE) != FREEBSD_TCPS_LISTEN;
}

static bool is_record(const uint8_t *x) { return tcps_load32(x + KLD_VERSION) == KLD_PROTOCOL && tcps_load32(x + KLD_LEN) == KLD_SIZE; }

tcps_code tcps_freebsd_kld_parse(const uint8_t *bytes, size_t len, uint32_t fields, tcps_sink *sink, tcps_freebsd_kld *report, tcps_status *status) {
    *report = (tcps_freebsd_kld){0};
    size_t offset = 0, first_skipped = 0;
    tcps_record r;
    for (; len - offset >= KLD_SIZE; offset += KLD_SIZE) {
        const uint8_t *x = bytes + offset;
        if (!is_record(x)) { /* all records have one size, so the next one is where it should be */
            if (!report->skipped++) first_skipped = offset;
            continue;
        }
        tcps_record_clear(&r);
        const tcps_struct s = {x, KLD_SIZE};
        set_identity(&sink->pass->rows, &r, &s);
        if (is_connection(x)) set_groups(&sink->pass->rows, &r, &s, fields);
        tcps_code code = sink->put(sink, &r);
        if (code != TCPS_OK) return tcps_fail(status, code, "the dump was given up");
        report->sockets++;
    }
    if (offset == len && !report->skipped) return TCPS_OK;
    tcps_code code;
    if (report->skipped) {
        code =
            tcps_fail(status, TCPS_FORMAT, "/dev/tcpstats: %llu records are not of protocol %d with %d bytes, the first at byte %zu%s",
                      (unsigned long long)report->skipped, KLD_PROTOCOL, KLD_SIZE, first_skipped, offset == len ? "" : ", and the last one is cut");
    } else {
        code =
            tcps_fail(status, TCPS_TRUNCATED, "/dev/tcpstats: the last record is cut at byte %zu: %zu of %d bytes", offset, len - offset, KLD_SIZE);
    }
    if (status) status->offset = report->skipped ? first_skipped : offset;
    return code;
}

static bool any_set(const uint8_t *x, size_t from, size_t to) {
    for (; from < to; from++)
        if (x[from]) return true;
    return false;
}

uint32_t tcps_freebsd_kld_fields(const uint8_t *bytes, size_t len) {
    static const struct {
        uint32_t group;
        uint16_t from, to;
    } extent[] = {
        {KLD_FIELDS_SEQUENCES, KLD_SND_NXT, KLD_REXMIT}, {KLD_FIELDS_COUNTERS, KLD_REXMIT, KLD_ECN}, {KLD_FIELDS_ECN, KLD_ECN, KLD_TT_REXMT},
        {KLD_FIELDS_TIMERS, KLD_TT_REXMT, KLD_SND_CC},   {KLD_FIELDS_NAMES, KLD_CC, KLD_RTT},
    };
    uint32_t fields = KLD_FIELDS_DEFAULT;
    for (size_t offset = 0; len - offset >= KLD_SIZE && fields != KLD_FIELDS_ALL; offset += KLD_SIZE) {
        const uint8_t *x = bytes + offset;
        if (!is_record(x)) continue;
        for (size_t i = 0; i < sizeof extent / sizeof *extent; i++)
            if (!(fields & extent[i].group) && any_set(x, extent[i].from, extent[i].to)) fields |= extent[i].group;
    }
    return fields;
}

uint32_t tcps_freebsd_kld_fields_named(const char *word) {
    if (strcmp(word, "all") == 0) return KLD_FIELDS_ALL;
    if (strcmp(word, "default") == 0) return KLD_FIELDS_DEFAULT;
    char *end;
    unsigned long fields = strtoul(word, &end, 0);
    return end != word && *end == 0 && fields <= KLD_FIELDS_ALL ? (uint32_t)fields : 0;
}
