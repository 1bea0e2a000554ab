// C++ protobuf as the other implementation:
//   interop from-json < JSON lines > length-delimited BatchMessages
//   interop to-json   < length-delimited BatchMessages > JSON lines
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <google/protobuf/util/json_util.h>

#include <iostream>
#include <string>

#include "tcp_stats.pb.h"

namespace util = google::protobuf::util;

static int from_json() {
    std::string line;
    while (std::getline(std::cin, line)) {
        tcpstats_reader::BatchMessage batch;
        auto status = util::JsonStringToMessage(line, &batch);
        if (!status.ok()) {
            std::cerr << status.ToString() << "\n";
            return 1;
        }
        if (!util::SerializeDelimitedToOstream(batch, &std::cout)) return 1;
    }
    return 0;
}

static int to_json() {
    google::protobuf::io::IstreamInputStream in(&std::cin);
    for (;;) {
        tcpstats_reader::BatchMessage batch;
        bool end = false;
        if (!util::ParseDelimitedFromZeroCopyStream(&batch, &in, &end)) return end ? 0 : 1;
        std::string json;
        if (!util::MessageToJsonString(batch, &json).ok()) return 1;
        std::cout << json << "\n";
    }
}

int main(int argc, char **argv) {
    std::string mode = argc > 1 ? argv[1] : "";
    return mode == "from-json" ? from_json() : mode == "to-json" ? to_json() : 2;
}
