#include "encode/indent.h"

static void new_line(tcps_indenter *in) {
    tcps_writer_byte(in->to, '\n');
    for (unsigned i = 0; i < in->depth; i++) tcps_writer_put(in->to, "  ", 2);
}

static void indent_byte(tcps_indenter *in, char c) {
    if (in->in_string) {
        tcps_writer_byte(in->to, c);
        in->in_string = in->escaped || c != '"';
        in->escaped = !in->escaped && c == '\\';
        return;
    }
    bool closes = c == '}' || c == ']';
    if (closes) {
        in->depth--;
        if (!in->opened) new_line(in); /* {} stays on its line */
    } else if (in->opened) {
        new_line(in);
    }
    in->opened = c == '{' || c == '[';
    in->in_string = c == '"';
    tcps_writer_byte(in->to, c);
    if (in->opened) in->depth++;
    if (c == ',') new_line(in);
    if (c == ':') tcps_writer_byte(in->to, ' ');
}

static tcps_code indent(tcps_writer *w, const char *bytes, size_t len) {
    tcps_indenter *in = (tcps_indenter *)w;
    for (size_t i = 0; i < len; i++) indent_byte(in, bytes[i]);
    return in->to->code;
}

tcps_code tcps_indenter_init(tcps_indenter *in, tcps_writer *to) {
    *in = (tcps_indenter){.to = to};
    return tcps_writer_init(&in->base, indent);
}
