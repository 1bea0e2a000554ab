// Our encoders beside protobuf's C++ library and lua-cjson, on the same records, in turn: `bench/encoders [RECORDS]`. Nanoseconds a record, medians.
#include <google/protobuf/util/json_util.h>
#include <lua.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "ours.h"
#include "tcp_stats.pb.h"

namespace {

constexpr int ROUNDS = 15;

[[noreturn]] void fail(const std::string &why) {
    std::fprintf(stderr, "bench/encoders: %s\n", why.c_str());
    std::exit(1);
}

struct Contestant {
    const char *name;
    std::function<void()> run;
    std::vector<double> took;
    double median() {
        std::sort(took.begin(), took.end());
        return took[took.size() / 2];
    }
};

// The message behind its length, which a varint says.
tcpstats_reader::BatchMessage parse(const char *bytes, size_t len) {
    size_t at = 0;
    while (at < len && bytes[at] & 0x80) at++;
    tcpstats_reader::BatchMessage m;
    if (!m.ParseFromArray(bytes + at + 1, static_cast<int>(len - at - 1))) fail("our protobuf is not read");
    return m;
}

// A state whose global `records` are the tables of our JSON, and whose `encode` writes them all.
lua_State *make_lua(const char *lines, size_t len) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushlstring(L, lines, len);
    lua_setglobal(L, "lines");
    static const char program[] = R"(
        local cjson = require "cjson"
        local records = {}
        for line in lines:gmatch "[^\n]+" do records[#records + 1] = cjson.decode(line) end
        function encode() for i = 1, #records do cjson.encode(records[i]) end end
    )";
    if (luaL_dostring(L, program)) fail(lua_tostring(L, -1));
    return L;
}

void show(const char *what, double ratio, double goal, bool at_most) {
    bool met = at_most ? ratio <= goal : ratio >= goal;
    std::printf("%-56s %6.2f   %s %.1f%s\n", what, ratio, at_most ? "at most" : "at least", goal, met ? "" : "  MISSED");
}

} // namespace

int main(int argc, char **argv) {
    size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000, len;
    ours *o = ours_new(count);
    ours_encode(o, OURS_PROTOBUF);
    const char *bytes = ours_bytes(o, &len);
    tcpstats_reader::BatchMessage message = parse(bytes, len);
    ours_encode(o, OURS_FLAT);
    const char *lines = ours_bytes(o, &len);
    lua_State *L = make_lua(lines, len);
    std::string text;
    Contestant all[] = {
        {"JSON, ours", [&] { ours_encode(o, OURS_JSON); }, {}},
        {"JSON, protobuf's MessageToJsonString",
         [&] {
             for (const auto &record : message.records()) {
                 text.clear();
                 if (!google::protobuf::util::MessageToJsonString(record, &text).ok()) fail("no JSON");
             }
         },
         {}},
        {"JSON, lua-cjson (its table there already)",
         [&] {
             lua_getglobal(L, "encode");
             if (lua_pcall(L, 0, 0, 0) != LUA_OK) fail(lua_tostring(L, -1));
         },
         {}},
        {"protobuf, ours", [&] { ours_encode(o, OURS_PROTOBUF); }, {}},
        {"protobuf, C++ SerializeToString",
         [&] {
             for (const auto &record : message.records()) record.SerializeToString(&text);
         },
         {}},
        {"protobuf-c: filling its struct", [&] { ours_structs_fill(o); }, {}},
        {"protobuf-c: size and pack", [&] { ours_structs_pack(o); }, {}},
    };
    for (int round = 0; round <= ROUNDS; round++) {
        for (auto &c : all) {
            auto start = std::chrono::steady_clock::now();
            c.run();
            double took = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(count);
            if (round > 0) c.took.push_back(took); // the first warms up
        }
    }
    std::printf("records of 45 fields\n");
    for (auto &c : all) std::printf("%-44s %9.1f ns\n", c.name, c.median());
    show("our JSON, microseconds a record", all[0].median() / 1000, 0.5, true);
    show("our JSON is faster than MessageToJsonString", all[1].median() / all[0].median(), 15, false);
    show("our JSON is faster than lua-cjson", all[2].median() / all[0].median(), 10, false);
    show("our protobuf beside SerializeToString", all[3].median() / all[4].median(), 2, true);
    std::printf("protobuf-c's struct of a record: %zu bytes\n", ours_struct_size());
    lua_close(L);
    return 0;
}
