/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TIMESTAMP_H
#define NACRE_TIMESTAMP_H

#include <time.h>

#define TIMESTAMP_SIZE 40

/* Formats WHEN (1970 or later) as RFC 3339 in UTC with nanoseconds:
 * "2026-11-22T02:17:00.303894781Z". gmtime_r(3) would first read /etc/localtime, which costs a
 * start 100 us. */
void timestamp_format(const struct timespec *when, char ret_text[TIMESTAMP_SIZE]);

#endif
