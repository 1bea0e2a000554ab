/* Human-readable numbers, with units and few digits. All write at `at`, which has TCPS_HUMAN_ROOM bytes, and return
 * where it ends. What is not finite is written as "nan" and "inf". */
#ifndef TCPS_HUMAN_H
#define TCPS_HUMAN_H

#define TCPS_HUMAN_ROOM 40

char *tcps_human_bytes(char *at, double n);         /* 512, 1.5K, 64K, 2.1M; 1K is 1024 */
char *tcps_human_count(char *at, double n);         /* 950, 1.2k, 18M */
char *tcps_human_number(char *at, double n);        /* 0, 0.25, 3.1, 12, 1.2k */
char *tcps_human_microseconds(char *at, double us); /* 85us, 1.2ms, 340ms, 2.5s, 3m20s */
char *tcps_human_milliseconds(char *at, double ms); /* 85ms, 2.5s, 45s, 3m20s, 5h12m, 3d04h */

#endif
