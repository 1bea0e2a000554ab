# proto/tcp_stats.proto -> fields.h: the field numbers of TcpSocketRecord (TCPS_F_*) and SystemSummary (TCPS_S_*), the highest ones, which fields
# hold 64 bits, and every field's comment, so that help, docs and completion say what the proto says.
# protoc-c drops comments and gives no names to numbers; this is all that it leaves to do. POSIX awk.
function fail(why) {
    print FILENAME ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 1
}
BEGIN { print "/* Made from proto/tcp_stats.proto by csrc/record/fields.awk; do not edit. */" }
/^ *\/\// {
    line = $0
    sub(/^ *\/\/ ?/, "", line)
    help = help (help == "" ? "" : " ") line
    next
}
/^(message|enum) / { message = $2; help = ""; next }
/^}/ { message = ""; help = ""; next }
/^ *[A-Z0-9_]+ *= *[0-9]+;/ { if (length($1) > 42) fail("a name of more than 42 letters, longer than csrc/encode/json.c has room for: " $1) }
message != "" && /^ *(optional|repeated) / {
    type = $2; name = $3; number = $5
    if (length(name) > 45) fail("a name of more than 45 letters, longer than csrc/encode/json.c has room for: " name)
    sub(/;.*/, "", number)
    gsub(/\\/, "\\\\", help); gsub(/"/, "\\\"", help)
    helps[n_helps++] = "    { \"" message "\", \"" name "\", \"" help "\" },"
    help = ""
    if (number + 0 > 65535) fail("a number that does not fit the 16 bits that field numbers have: " name)
    if (message == "SystemSummary") {
        summary[n_summary++] = "    TCPS_S_" name " = " number ","
        if (number + 0 > highest_summary) highest_summary = number + 0
    }
    if (message != "TcpSocketRecord") next
    numbers[n++] = "    TCPS_F_" name " = " number ","
    if (number + 0 > highest) highest = number + 0
    if (type ~ /^(uint64|int64|double|string|bytes)$/ || $1 == "repeated") is_wide[number + 0]
    next
}
{ help = "" }
END {
    if (failed) exit 1
    print "#ifndef TCPS_FIELDS_H\n#define TCPS_FIELDS_H\n"
    print "enum tcps_field_number {"
    for (i = 0; i < n; i++) print numbers[i]
    print "};\n\nenum tcps_summary_number {"
    for (i = 0; i < n_summary; i++) print summary[i]
    print "};\n"
    print "enum { TCPS_FIELD_HIGHEST = " highest ", TCPS_SUMMARY_HIGHEST = " highest_summary " };\n"
    print "/* By field number: all ones for what takes 64 bits, the lower half for the others. */\n#define TCPS_VALUE_MASKS \\"
    for (i = 0; i <= highest; i += 8) {
        line = "   "
        for (j = i; j < i + 8; j++) line = line " " (j in is_wide ? "~0ull," : "UINT32_MAX,")
        print line (i + 8 <= highest ? " \\" : "")
    }
    print "\n#ifdef TCPS_FIELD_HELP\nstatic const struct { const char *message, *field, *help; } tcps_field_helps[] = {"
    for (i = 0; i < n_helps; i++) print helps[i]
    print "};\n#endif\n\n#endif"
}
