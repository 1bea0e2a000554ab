# Lua modules -> one C file that holds their sources, for embedded.c. POSIX awk, run with LC_ALL=C:
#   awk -f embed.awk root=lua/ lua/tcpstats/init.lua lua/tcpstats/host/cli.lua root=elsewhere/ elsewhere/argparse.lua
# A module's name is its path below `root`, as require would look for it. Bytecode is bound to one release of Lua: where a build has some
# (tools/precompile.c) these sources are what is used with any other. A line of source is a line of C, so the result can be read.
function c_text(s) {
    gsub(/\\/, "&&", s); gsub(/"/, "\\\"", s); gsub(/\r/, "\\r", s)
    gsub(/\?/, "\\?", s) # no trigraph comes about
    return s
}
function finish() { if (modules > 0) print "    ;\n" }
function fail(why) {
    print "embed.awk: " why > "/dev/stderr"
    failed = 1
    exit 1
}
BEGIN {
    modules = 0
    for (i = 1; i < ARGC; i++) if (ARGV[i] !~ /^root=/) files++
    print "/* Made by csrc/host/embed.awk from the Lua modules; do not edit. */"
    print "#include \"host/embedded.h\"\n"
    print "#ifdef __GNUC__\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n#endif\n"
}
FNR == 1 {
    finish()
    path = FILENAME
    if (substr(path, 1, length(root)) != root) fail(path " does not lie under " root)
    path = substr(path, length(root) + 1)
    name = path
    sub(/\.lua$/, "", name); sub(/\/init$/, "", name); gsub(/\//, ".", name)
    table[modules] = "    { \"" name "\", \"@" path "\", source_" modules ", sizeof source_" modules " - 1 },"
    print "static const char source_" modules++ "[] ="
}
{ print "    \"" c_text($0) "\\n\"" }
END {
    if (failed) exit 1
    if (modules != files) fail("an empty file would be missing")
    finish()
    print "const tcpsL_embedded tcpsL_embedded_modules[] = {"
    for (i = 0; i < modules; i++) print table[i]
    print "    { 0, 0, 0, 0 },\n};"
}
