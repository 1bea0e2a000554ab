#include "source/linux_hidden.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* <linux/capability.h> */
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_SYS_PTRACE 19

/* "pid:[4026531836]": PROC_PID_INIT_INO of the kernel is the same on every machine. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

/* A small file of /proc as text, malloc'ed; NULL when it cannot be read. */
static char *ask_text(tcps_kernel *k, tcps_ask kind, const char *path) {
    tcps_buffer text = {0};
    if (tcps_ask_all(k, &(tcps_question){.kind = kind, .name = path}, &text, NULL) == 0 && tcps_buffer_append(&text, "", 1) == 0)
        return (char *)text.bytes;
    free(text.bytes);
    return NULL;
}

typedef struct privilege {
    bool known;
    bool ptrace, search; /* CAP_SYS_PTRACE; CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE, which includes it */
} privilege;

static privilege ask_privilege(tcps_kernel *k) {
    privilege p = {.known = false};
    char *status = ask_text(k, TCPS_ASK_FILE, "/proc/self/status");
    const char *line = status ? strstr(status, "\nCapEff:") : NULL;
    if (line) {
        unsigned long long effective = strtoull(line + strlen("\nCapEff:"), NULL, 16);
        p.known = true;
        p.ptrace = effective >> CAP_SYS_PTRACE & 1;
        p.search = (effective >> CAP_DAC_READ_SEARCH | effective >> CAP_DAC_OVERRIDE) & 1;
    }
    free(status);
    return p;
}

/* What is missing for reading other users' descriptors. Both are needed: the folder is its owner's alone, and its links are the debugger's. */
static const char *missing_privilege(const privilege *p) {
    if (p->known && p->ptrace) return "that needs CAP_DAC_READ_SEARCH besides CAP_SYS_PTRACE";
    if (p->known && p->search) return "that needs CAP_SYS_PTRACE besides CAP_DAC_READ_SEARCH";
    return "that needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, as root has them";
}

/* The value of hidepid among the options of /proc: "2", "invisible"; false where everybody's processes are listed. */
static bool find_hidepid(tcps_kernel *k, char value[16]) {
    char *mounts = ask_text(k, TCPS_ASK_FILE, "/proc/self/mounts");
    bool hidden = false;
    for (char *line = mounts, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = 0;
        char folder[64], kind[16], options[256];
        if (sscanf(line, "%*s %63s %15s %255s", folder, kind, options) != 3 || strcmp(folder, "/proc") != 0 || strcmp(kind, "proc") != 0) continue;
        const char *found = strstr(options, "hidepid=");
        hidden = found && sscanf(found, "hidepid=%15[^,]", value) == 1 && strcmp(value, "0") != 0 && strcmp(value, "off") != 0;
    }
    free(mounts);
    return hidden;
}

static bool in_own_pid_namespace(tcps_kernel *k) {
    char *name = ask_text(k, TCPS_ASK_LINK, "/proc/self/ns/pid");
    bool own = name && strncmp(name, "pid:", 4) == 0 && strcmp(name, FIRST_PID_NAMESPACE) != 0;
    free(name);
    return own;
}

bool tcps_linux_explain_missing(tcps_kernel *k, const tcps_linux_obstacles *met, size_t sockets, tcps_status *status) {
    char what[80], hidepid[16];
    snprintf(what, sizeof what, sockets == 1 ? "linux: the owner of %zu socket is not known" : "linux: the owners of %zu sockets are not known",
             sockets);
    if (met->listing) {
        tcps_fail_errno(status, met->listing, "%s, /proc cannot be listed", what);
        return true;
    }
    if (met->nothing) {
        tcps_fail(status, TCPS_SYSTEM, "%s: /proc is empty, mount a proc file system there", what);
        return true;
    }
    privilege own = ask_privilege(k);
    bool privileged = own.known && own.ptrace && own.search;
    if (met->refused && privileged) {
        tcps_fail(status, TCPS_PERMISSION,
                  "%s: we may not look at every process, although CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are there: they belong to another user "
                  "namespace, or a security module (AppArmor, SELinux) guards them",
                  what);
        return true;
    }
    if (met->refused) {
        tcps_fail(status, TCPS_PERMISSION, "%s: we may not look at every process; %s", what, missing_privilege(&own));
        return true;
    }
    if (!(own.known && own.ptrace) && find_hidepid(k, hidepid)) {
        tcps_fail(status, TCPS_PERMISSION, "%s: /proc is mounted with hidepid=%s, which hides other users' processes; %s", what, hidepid,
                  missing_privilege(&own));
        return true;
    }
    if (in_own_pid_namespace(k)) {
        tcps_fail(
            status, TCPS_PERMISSION,
            "%s: their processes are in another pid namespace, and this one's /proc does not list them; run in the host's, as with nsenter -t 1 "
            "-p -m or docker run --pid=host",
            what);
        return true;
    }
    return false;
}
