/* The schema: what fields there are. */
#include <string.h>

#include "base/bitset.h"
#include "base/nearest.h"
#include "lua/tcpsl.h"
#include "record/platform.h"

static const char *type_name(tcps_type type) {
    static const char *const names[] = {
        [TCPS_T_U32] = "uint32", [TCPS_T_I32] = "int32", [TCPS_T_U64] = "uint64",    [TCPS_T_I64] = "int64",     [TCPS_T_BOOL] = "bool",
        [TCPS_T_ENUM] = "enum",  [TCPS_T_SET] = "set",   [TCPS_T_STRING] = "string", [TCPS_T_BYTES] = "address", [TCPS_T_HOLDERS] = "holders",
    };
    return names[type];
}

static int enums_key;

void tcpsL_pushenums(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &enums_key); }

/* [-0, +1] An enum's word; a word that is a number (4 of IP_VERSION_4) reads as one. */
static void push_word(lua_State *L, const ProtobufCEnumDescriptor *e, int number) {
    const char *word = tcps_enum_word(e, number);
    if (!word)
        lua_pushinteger(L, number);
    else if (!lua_stringtonumber(L, word))
        lua_pushstring(L, word);
}

/* Words by tcpsL_enumkey, so that reading an enum makes no string. */
static void make_enums(lua_State *L) {
    lua_newtable(L);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        if (tcps_fields[f].type != TCPS_T_ENUM) continue;
        const ProtobufCEnumDescriptor *e = tcps_fields[f].enum_values;
        for (unsigned i = 0; i < e->n_values; i++) {
            push_word(L, e, e->values[i].value);
            lua_rawseti(L, -2, tcpsL_enumkey(f, (uint32_t)e->values[i].value));
        }
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &enums_key);
}

int tcpsL_nofield(lua_State *L, const char *name, size_t len) {
    const tcps_field *nearest = tcps_field_nearest(name, len);
    if (nearest) return luaL_error(L, "no field '%s', did you mean %s?", name, nearest->name);
    return luaL_error(L, "no field '%s'; tcpstats.fields() lists them", name);
}

unsigned tcpsL_checkfield(lua_State *L, int arg) {
    size_t len;
    const char *name = luaL_checklstring(L, arg, &len);
    const tcps_field *f = tcps_field_named(name, len);
    return f ? f->number : (unsigned)tcpsL_nofield(L, name, len);
}

void tcpsL_pushfields(lua_State *L, const uint64_t fields[TCPS_MASK_WORDS]) {
    lua_newtable(L);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        if (!tcps_bitset_has(fields, f)) continue;
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, tcps_fields[f].name);
    }
}

/* core.fields() -> list of {name=, number=, type=string, help=, words=}: the fields of a socket in the order of their numbers. */
static int l_fields(lua_State *L) {
    lua_newtable(L);
    for (unsigned f = 0, n = 0; f < TCPS_FIELD_LIMIT; f++) {
        const tcps_field *field = &tcps_fields[f];
        if (field->type == TCPS_T_NONE) continue;
        lua_createtable(L, 0, 5);
        lua_pushstring(L, field->name);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, f);
        lua_setfield(L, -2, "number");
        lua_pushstring(L, type_name(field->type));
        lua_setfield(L, -2, "type");
        lua_pushstring(L, tcps_help("TcpSocketRecord", field->name));
        lua_setfield(L, -2, "help");
        if (field->enum_values) {
            lua_newtable(L);
            for (unsigned i = 0; i < field->enum_values->n_values; i++) {
                push_word(L, field->enum_values, field->enum_values->values[i].value);
                lua_rawseti(L, -2, i + 1);
            }
            lua_setfield(L, -2, "words");
        }
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* core.message_fields(name) -> list of {name=, number=, help=}: the fields of "CollectionMetadata" or "SystemSummary". */
static int l_message_fields(lua_State *L) {
    static const char *const names[] = {"CollectionMetadata", "SystemSummary", NULL};
    const ProtobufCMessageDescriptor *all[] = {&tcpstats_reader__collection_metadata__descriptor, &tcpstats_reader__system_summary__descriptor};
    const ProtobufCMessageDescriptor *d = all[luaL_checkoption(L, 1, NULL, names)];
    lua_createtable(L, (int)d->n_fields, 0);
    for (unsigned i = 0; i < d->n_fields; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, d->fields[i].name);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, d->fields[i].id);
        lua_setfield(L, -2, "number");
        lua_pushstring(L, tcps_help(d->short_name, d->fields[i].name));
        lua_setfield(L, -2, "help");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* [-0, +1] One value of a message, `p` pointing at it. */
static void push_member(lua_State *L, const ProtobufCFieldDescriptor *f, const void *p) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT32: lua_pushinteger(L, *(const uint32_t *)p); break;
    case PROTOBUF_C_TYPE_INT32: lua_pushinteger(L, *(const int32_t *)p); break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64: lua_pushinteger(L, *(const int64_t *)p); break;
    case PROTOBUF_C_TYPE_DOUBLE: lua_pushnumber(L, *(const double *)p); break;
    case PROTOBUF_C_TYPE_BOOL: lua_pushboolean(L, *(const protobuf_c_boolean *)p); break;
    case PROTOBUF_C_TYPE_ENUM: push_word(L, f->descriptor, *(const int *)p); break;
    case PROTOBUF_C_TYPE_STRING: lua_pushstring(L, *(const char *const *)p); break;
    case PROTOBUF_C_TYPE_MESSAGE: tcpsL_pushmessage(L, *(ProtobufCMessage *const *)p); break;
    default: lua_pushnil(L); break; /* the proto has no other */
    }
}

void tcpsL_pushmessage(lua_State *L, const ProtobufCMessage *m) {
    const ProtobufCMessageDescriptor *d = m->descriptor;
    luaL_checkstack(L, 4, NULL);
    lua_newtable(L);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const char *member = (const char *)m + f->offset, *quantifier = (const char *)m + f->quantifier_offset;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(const size_t *)quantifier, size = f->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(void *) : 4;
            lua_createtable(L, (int)n, 0);
            for (size_t j = 0; j < n; j++) {
                push_member(L, f, *(const char *const *)member + j * size);
                lua_rawseti(L, -2, (lua_Integer)j + 1);
            }
        } else if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (!*(const void *const *)member) continue;
            push_member(L, f, member);
        } else {
            if (!*(const protobuf_c_boolean *)quantifier) continue;
            push_member(L, f, member);
        }
        lua_setfield(L, -2, f->name);
    }
}

/* core.fed_by(platform, message) -> (table<string, true>): the fields of the message that this platform's kernel feeds, as the proto's comments say.
 * `platform` is as in metadata.platform, `message` "TcpSocketRecord" or "SystemSummary". */
static int l_fed_by(lua_State *L) {
    static const char *const messages[] = {"TcpSocketRecord", "SystemSummary", NULL};
    static const ProtobufCMessageDescriptor *const descriptors[] = {&tcpstats_reader__tcp_socket_record__descriptor,
                                                                    &tcpstats_reader__system_summary__descriptor};
    const char *platform = luaL_checkstring(L, 1);
    int message = luaL_checkoption(L, 2, NULL, messages);
    const ProtobufCEnumDescriptor *platforms = &tcpstats_reader__platform__descriptor;
    int number = TCPSTATS_READER__PLATFORM__PLATFORM_UNKNOWN;
    for (unsigned i = 0; i < platforms->n_values; i++) {
        const char *word = tcps_enum_word(platforms, platforms->values[i].value);
        if (word && strcmp(word, platform) == 0) number = platforms->values[i].value;
    }
    lua_newtable(L);
    for (unsigned i = 0; i < descriptors[message]->n_fields; i++) {
        const char *name = descriptors[message]->fields[i].name;
        lua_pushboolean(L, 1);
        if (tcps_is_fed_by(tcps_help(messages[message], name), (TcpstatsReader__Platform)number))
            lua_setfield(L, -2, name);
        else
            lua_pop(L, 1);
    }
    return 1;
}

/* core.nearest(word, list) -> the entry of the list that the word was probably meant to be, nil when nothing is near: base/nearest.h says what is. */
static int l_nearest(lua_State *L) {
    size_t len;
    const char *word = luaL_checklstring(L, 1, &len);
    luaL_checktype(L, 2, LUA_TTABLE);
    tcps_nearest near = tcps_nearest_to(word, len);
    for (lua_Integer i = 1, n = luaL_len(L, 2); i <= n; i++) {
        lua_rawgeti(L, 2, i); /* which keeps the string alive */
        tcps_nearest_consider(&near, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
    lua_pushstring(L, near.name);
    return 1;
}

void tcpsL_openschema(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"fields", l_fields}, {"message_fields", l_message_fields}, {"nearest", l_nearest}, {"fed_by", l_fed_by}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    make_enums(L);
}
