/* Captures: every answer of a kernel written down (proto/tcp_capture.proto), and a kernel that gives them again. */
#ifndef TCPS_CAPTURE_H
#define TCPS_CAPTURE_H

#include "kernel/kernel.h"

/* A kernel that passes every question on to `under` and writes the answers to the file `path`, one message a pass. `source` is the name of
 * the source that will ask. Takes `under`: closing this closes it, also when opening fails. NULL and `status` on failure. */
tcps_kernel *tcps_kernel_recording(tcps_kernel *under, const char *path, const char *source, tcps_status *status);

/* A kernel that answers from the capture in the file `path`: the same questions get the same answers in the same order, and the last one again
 * when it is asked more often. `*source` (malloc'ed, the caller's) is the name of the source that asked. NULL and `status` on failure. */
tcps_kernel *tcps_kernel_capture(const char *path, char **source, tcps_status *status);

/* The name of an errno ("ENOMEM"), or its number as text in `room` (16 bytes); and back, EIO for a name that this system does not have. */
const char *tcps_errno_name(int error, char *room);
int tcps_errno_named(const char *name);

#endif
