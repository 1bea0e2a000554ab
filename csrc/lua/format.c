/* The formats that a batch can be written in, as scripts ask for them: a name and a table of options. */
#include <string.h>

#include "lua/tcpsl.h"

/* A column that is no field of the sockets: of the batch's metadata, the same on every line. Its text goes into the table at `texts`. */
static void check_constant_column(lua_State *L, const tcps_pass *pass, int texts, tcps_csv_column *c) {
    const ProtobufCMessageDescriptor *d = pass->metadata.base.descriptor;
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, c->name);
    if (!f || f->label == PROTOBUF_C_LABEL_REPEATED) tcpsL_checkfield(L, -1); /* raises */
    tcpsL_pushmessage(L, &pass->metadata.base);
    lua_getfield(L, -1, c->name);
    c->text = lua_isnil(L, -1) ? "" : luaL_tolstring(L, -1, &c->len);
    lua_rawsetp(L, texts, c);
    lua_settop(L, texts + 1);
}

/* [-0, +1] The names of what there is: of the pass, then every field. */
static void push_every_name(lua_State *L) {
    lua_Integer n = 0;
    lua_createtable(L, TCPS_FIELD_LIMIT, 0);
    for (const char *const *name = tcps_row_metadata; *name; name++) {
        lua_pushstring(L, *name);
        lua_rawseti(L, -2, ++n);
    }
    for (unsigned field = 0; field < TCPS_FIELD_LIMIT; field++) {
        if (tcps_fields[field].type == TCPS_T_NONE) continue;
        lua_pushstring(L, tcps_fields[field].name);
        lua_rawseti(L, -2, ++n);
    }
}

/* [-0, +3] The columns of CSV: options.fields, or all there is. The upper two of what stays on the stack, the columns and their texts, keep them. */
static void check_columns(lua_State *L, const tcps_pass *pass, int options, bool defused, tcps_format *f) {
    if (!lua_istable(L, options) || lua_getfield(L, options, "fields") == LUA_TNIL) push_every_name(L);
    int names = lua_gettop(L);
    luaL_checktype(L, names, LUA_TTABLE);
    f->n_columns = (size_t)luaL_len(L, names);
    luaL_argcheck(L, f->n_columns >= 1 && f->n_columns <= 2 * TCPS_FIELD_LIMIT, options, "fields: a list of names");
    tcps_csv_column *columns = lua_newuserdatauv(L, f->n_columns * sizeof *columns, 0);
    f->columns = columns;
    lua_newtable(L); /* keeps texts */
    int texts = lua_gettop(L);
    for (size_t n = 0; n < f->n_columns; n++) {
        lua_rawgeti(L, names, (lua_Integer)n + 1);
        size_t len;
        const char *name = luaL_checklstring(L, -1, &len);
        const tcps_field *field = tcps_field_named(name, len);
        columns[n] = (tcps_csv_column){.name = name, .field = field ? field->number : 0, .defused = defused};
        lua_pushvalue(L, -1);
        lua_rawseti(L, texts, (lua_Integer)n + 1);
        if (!field) check_constant_column(L, pass, texts, &columns[n]);
        lua_settop(L, texts);
    }
}

tcps_format tcpsL_checkformat(lua_State *L, const tcps_pass *pass, int name, int options) {
#define NAME(KIND, name) name,
    static const char *const names[] = {TCPS_FORMATS(NAME) NULL};
#undef NAME
    static const char *const addresses[] = {"base64", "text", NULL};
    tcps_format f = {.kind = (tcps_format_kind)luaL_checkoption(L, name, "json", names)};
    f.style = f.kind == TCPS_FORMAT_FLAT ? TCPS_JSON_FLAT : TCPS_JSON_CANONICAL;
    if (lua_istable(L, options) && f.kind == TCPS_FORMAT_JSON) {
        lua_getfield(L, options, "pretty");
        f.pretty = lua_toboolean(L, -1);
        if (lua_getfield(L, options, "addresses") != LUA_TNIL && luaL_checkoption(L, -1, NULL, addresses) == 1) f.style = TCPS_JSON_TEXT;
        lua_pop(L, 2);
    }
    if (f.kind == TCPS_FORMAT_CSV) {
        f.header = true;
        bool defused = false;
        if (lua_istable(L, options)) {
            f.header = lua_getfield(L, options, "header") == LUA_TNIL || lua_toboolean(L, -1);
            lua_getfield(L, options, "defuse");
            defused = lua_toboolean(L, -1);
            lua_pop(L, 2);
        }
        check_columns(L, pass, options, defused, &f);
    }
    return f;
}
