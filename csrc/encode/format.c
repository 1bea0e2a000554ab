#include "encode/format.h"

#include "encode/protobuf.h"

void tcps_encode(tcps_writer *w, const tcps_pass *pass, tcps_view v, const tcps_format *f) {
    switch (f->kind) {
    case TCPS_FORMAT_JSON: tcps_json_batch(w, pass, v, f->style, f->pretty); break;
    case TCPS_FORMAT_FLAT: tcps_json_lines(w, pass, v, f->style); break;
    case TCPS_FORMAT_PROTOBUF: tcps_protobuf_batch(w, pass, v); break;
    case TCPS_FORMAT_CSV:
        if (f->header) tcps_csv_header(w, f->columns, f->n_columns);
        tcps_csv_lines(w, v, f->columns, f->n_columns);
        break;
    }
}
