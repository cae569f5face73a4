/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_REGISTERS_H
#define NACRE_TESTS_INJECT_REGISTERS_H

#include <stdint.h>
#include <sys/types.h>

/* Of a traced process that stands at a system call. Each returns -1 and errno if it is gone. */

/* At its entry: getppid(2) is made instead. Filters see what is made, and no call at all (-1) would
 * be one that they refuse, and that waits for a tracer's answer. */
int registers_skip_call(pid_t pid);
int registers_set_argument(pid_t pid, int index, uint64_t value); /* at its entry */
int registers_set_result(pid_t pid, int64_t value); /* at its exit */

#endif
