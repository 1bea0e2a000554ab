/* How a call ended, and the detail that the caller may want to show.
 *
 * Core functions return a code and, when it is not TCPS_OK, fill the caller's tcps_status. They never print and never exit. */
#ifndef TCPS_STATUS_H
#define TCPS_STATUS_H

#include <stdint.h>

typedef enum tcps_code {
    TCPS_OK = 0,
    TCPS_USAGE,        /* the caller's words are wrong: unknown source, key, release, filter */
    TCPS_SYSTEM,       /* the system said no; sys_errno says how */
    TCPS_PERMISSION,   /* the system wants more privilege */
    TCPS_UNSUPPORTED,  /* this kernel or build cannot do it */
    TCPS_FORMAT,       /* bytes that are not what they should be */
    TCPS_TRUNCATED,    /* bytes that end too early; everything complete before `offset` was kept */
    TCPS_INCONSISTENT, /* the table changed while it was read; what was read is right as far as it goes */
    TCPS_NOMEM,
    TCPS_END,     /* a recorded source has no further pass */
    TCPS_STOPPED, /* a callback asked to stop */
} tcps_code;

typedef struct tcps_status {
    tcps_code code;
    int sys_errno;   /* 0: none */
    uint64_t offset; /* bytes from the start of what was parsed; 0 where it means nothing */
    char what[256];  /* one line, no newline, for people */
} tcps_status;

/* Fills `status` (which may be NULL) and returns `code`. */
tcps_code tcps_fail(tcps_status *status, tcps_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with an errno: EPERM and EACCES become TCPS_PERMISSION, ENOMEM TCPS_NOMEM, the rest TCPS_SYSTEM;
 * the text of the errno is appended to the line. */
tcps_code tcps_fail_errno(tcps_status *status, int sys_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The name of a code as Lua callers get it: "ETRUNCATED", "EUSAGE", ... Static. */
const char *tcps_code_name(tcps_code code);

#endif
