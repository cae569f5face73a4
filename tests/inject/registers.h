/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_REGISTERS_H
#define NACRE_TESTS_INJECT_REGISTERS_H

#include <stdint.h>
#include <sys/types.h>

/* Of a traced process that stands at a system call. Each returns -1 and errno if it is gone. */
int registers_skip_call(pid_t pid); /* at its entry */
int registers_set_argument(pid_t pid, int index, uint64_t value); /* at its entry */
int registers_set_result(pid_t pid, int64_t value); /* at its exit */

#endif
