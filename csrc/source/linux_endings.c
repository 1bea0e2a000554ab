#include "source/linux_endings.h"

#include <errno.h>

#include "base/bitset.h"
#include "parse/linux_diag.h"

/* Between the parser, which reads the message as it reads a socket of a dump, and the sink. */
typedef struct ending {
    tcps_sink sink;
    tcps_sink *next;
    tcps_linux_diag diag;
    tcps_code code;
    tcps_status status;
} ending;

/* The socket is gone when the message is written: these are zero because nothing is left of what they speak of. */
static const uint16_t gone[] = {
    TCPS_F_uid,           TCPS_F_rcv_buf_used,  TCPS_F_snd_buf_used,      TCPS_F_timer_rexmt_ms, TCPS_F_timer_persist_ms,
    TCPS_F_timer_keep_ms, TCPS_F_timer_2msl_ms, TCPS_F_timer_retransmits,
};

static bool is_positive(const tcps_record *r, unsigned field) { return tcps_has(r, field) && r->value[field] != 0; }

/* tcp_disconnect, by which a side resets its own connection and by which connect gives up, clears the remote port and the counters, and moves write_seq away
 * from snd_una by the window at least: so the send queue tells the socket from one that never was connected. */
static bool was_wiped(const tcps_record *r) { return !is_positive(r, TCPS_F_remote_port) && is_positive(r, TCPS_F_snd_buf_used); }

/* tcp_done leaves the retransmits and probes that nobody had answered as they were. */
static bool was_unanswered(const tcps_record *r) {
    return (is_positive(r, TCPS_F_retransmits) || is_positive(r, TCPS_F_probes)) && is_positive(r, TCPS_F_remote_port);
}

/* An address of zeros, of any length. */
static bool is_unspecified(const tcps_record *r, unsigned field) {
    const tcps_text *address = (const tcps_text *)(uintptr_t)r->value[field];
    for (size_t i = 0; i < address->len; i++)
        if (address->bytes[i]) return false;
    return true;
}

/* Of a wiped socket only these say something; its local address is gone as well unless the program had chosen it. */
static void keep_identity(tcps_record *r) {
    static const uint16_t identity[] = {TCPS_F_ip_version, TCPS_F_local_addr,      TCPS_F_local_port, TCPS_F_socket_id,
                                        TCPS_F_state,      TCPS_F_interface_index, TCPS_F_sources};
    uint64_t kept[TCPS_MASK_WORDS] = {0};
    for (size_t i = 0; i < sizeof identity / sizeof *identity; i++)
        if (tcps_has(r, identity[i])) tcps_bitset_add(kept, identity[i]);
    memcpy(r->has, kept, sizeof kept);
    if (tcps_has(r, TCPS_F_local_addr) && is_unspecified(r, TCPS_F_local_addr)) tcps_unset(r, TCPS_F_local_addr);
}

static tcps_code put_ending(tcps_sink *sink, tcps_record *r) {
    ending *e = (ending *)sink;
    TcpstatsReader__CloseReason reason = TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_CLOSED;
    if (was_wiped(r)) {
        reason = TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_WIPED;
        keep_identity(r);
    } else if (was_unanswered(r)) {
        reason = TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_TIMED_OUT;
    }
    tcps_set(r, TCPS_F_close_reason, reason);
    return e->next->put(e->next, r);
}

static uint64_t value_of(const tcps_record *r, unsigned field) { return tcps_has(r, field) ? r->value[field] : 0; }

/* Whether our FIN was acknowledged. bytes_acked counts it, and the SYN of the side that connected; `delivered` counts the SYN of either side, and the
 * FIN as a segment unless it went with data. */
static bool fin_was_acked(const tcps_record *r) {
    if (!tcps_has(r, TCPS_F_bytes_acked) || !tcps_has(r, TCPS_F_tx_bytes) || !tcps_has(r, TCPS_F_delivered)) return false;
    uint64_t control_bytes = value_of(r, TCPS_F_bytes_acked) - (value_of(r, TCPS_F_tx_bytes) - value_of(r, TCPS_F_retransmit_bytes));
    uint32_t control_segments = (uint32_t)(value_of(r, TCPS_F_delivered) - (value_of(r, TCPS_F_data_segs_out) - value_of(r, TCPS_F_rexmit_packets)));
    return control_bytes == 2 || (control_bytes == 1 && control_segments >= 2);
}

/* The peer's FIN counts as a byte received, and the message does not say whether it came: the socket is closed by then. It came if nobody has read it
 * (the receive queue of a socket that closed in order holds nothing else), and if the peer closed first. */
static bool fin_was_received(const tcps_record *r, bool lingers) { return fin_was_acked(r) && (is_positive(r, TCPS_F_rcv_buf_used) || !lingers); }

void tcps_linux_settle_ending(tcps_record *r, bool lingers) {
    if (is_positive(r, TCPS_F_rx_bytes) && fin_was_received(r, lingers)) r->value[TCPS_F_rx_bytes]--;
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) tcps_unset(r, gone[i]);
}

static int take_messages(void *context, const void *bytes, size_t len) {
    ending *e = context;
    e->code = tcps_linux_diag_parse(&e->diag, bytes, len, &e->sink, &e->status);
    return e->code != TCPS_OK;
}

tcps_code tcps_linux_endings(tcps_kernel *k, tcps_sink *sink, uint64_t *count, uint64_t *lost, tcps_status *status) {
    ending e = {.sink = {.pass = sink->pass, .put = put_ending}, .next = sink};
    size_t dropped = 0;
    int error = k->ask(k, &(tcps_question){.kind = TCPS_ASK_EVENTS, .name = "sock_destroy"}, take_messages, &e, &dropped);
    *count += e.diag.sockets;
    *lost = dropped;
    if (e.code != TCPS_OK) {
        *status = e.status;
        return e.code;
    }
    switch (error) {
    case 0: return TCPS_OK;
    case EOPNOTSUPP:
    case EPROTONOSUPPORT: return TCPS_UNSUPPORTED;
    default: return tcps_fail_errno(status, error, "linux: endings of connections cannot be heard (SKNLGRP_INET_TCP_DESTROY)");
    }
}
