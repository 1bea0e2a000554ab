/* Sysctls through the seam: tables that grow while they are read, numbers, texts. */
#ifndef TCPS_SYSCTL_H
#define TCPS_SYSCTL_H

#include "kernel/kernel.h"

/* Reads a table whole: room by the size that the kernel names, and more of it when the table has outgrown that meanwhile (ENOMEM); what a
 * too small buffer got is dropped. `grown` (may be NULL) is increased for every such try. 0 with the table in `buffer`, or an errno. */
int tcps_sysctl_table(tcps_kernel *k, const char *name, tcps_buffer *buffer, unsigned *grown);

/* Reads a u32. 0 or an errno; EPROTO when the answer has another size. */
int tcps_sysctl_u32(tcps_kernel *k, const char *name, uint32_t *value);

/* Reads a text into `room` bytes, NUL-terminated and cut to them; a NUL of the kernel's own ends it. 0 or an errno. */
int tcps_sysctl_text(tcps_kernel *k, const char *name, char *text, size_t room);

#endif
