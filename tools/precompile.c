/* Lua modules -> one C file that holds their bytecode, for csrc/host/embedded.c:
 *   precompile root=lua/ lua/tcpstats/init.lua ... root=elsewhere/ elsewhere/argparse.lua >embedded_bytecode.c
 * It is linked with the same Lua as the binary and says which one that is, because bytecode is bound to a release. The arguments are those of
 * embed.awk, which holds the sources for any other Lua; so is the order. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char lua_ident[]; /* of every Lua library: its release */

static int put_bytes(lua_State *L, const void *bytes, size_t len, void *column) {
    const unsigned char *b = bytes;
    (void)L;
    for (size_t i = 0; i < len; i++) printf("%u,%s", b[i], ++*(unsigned *)column % 40 ? "" : "\n");
    return 0;
}

static int compile(const char *path, const char *root, int number) {
    char chunk[4096];
    if (strncmp(path, root, strlen(root)) != 0) return fprintf(stderr, "precompile: %s does not lie under %s\n", path, root), 1;
    snprintf(chunk, sizeof chunk, "@%s", path + strlen(root));
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t len = 0, room = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (len == room && !(text = realloc(text, room = 2 * room + 65536))) return fputs("precompile: no memory\n", stderr), 1;
        len += fread(text + len, 1, room - len, file);
    }
    if (!file || ferror(file)) return fprintf(stderr, "precompile: cannot read %s\n", path), 1;
    fclose(file);
    lua_State *L = luaL_newstate();
    if (!L) return fputs("precompile: no memory\n", stderr), 1;
    if (luaL_loadbufferx(L, text, len, chunk, "t") != LUA_OK) return fprintf(stderr, "precompile: %s\n", lua_tostring(L, -1)), 1;
    unsigned column = 0;
    printf("static const unsigned char bytes_%d[] = {\n", number);
    lua_dump(L, put_bytes, &column, 0);
    puts("};");
    lua_close(L);
    free(text);
    return 0;
}

int main(int argc, char **argv) {
    const char *root = "";
    puts("/* Made by tools/precompile.c from the Lua modules; do not edit. */\n#include \"host/embedded.h\"\n");
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "root=", 5) == 0)
            root = argv[i] + 5;
        else if (compile(argv[i], root, i) != 0)
            return 1;
    }
    puts("const tcpsL_bytecode tcpsL_embedded_bytecode[] = {");
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "root=", 5) == 0)
            root = argv[i] + 5;
        else
            printf("    {\"@%s\", bytes_%d, sizeof bytes_%d},\n", argv[i] + strlen(root), i, i);
    }
    printf("};\nconst char tcpsL_bytecode_of[] = \"%s\";\n", lua_ident);
    return 0;
}
