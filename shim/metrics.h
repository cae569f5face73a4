/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_METRICS_H
#define NACRE_SHIM_METRICS_H

#include <sys/types.h>

#include "shim/call.h"

/* Answers CALL with the usage of a cgroup, as containerd's metrics of cgroup v2. A missing file, as
 * without its controller, counts as zeros. Returns 0, or -1 with TEXT, and CALL must still be
 * answered. */
int metrics_answer(struct call *call, int cgroup_fd, char *text, size_t size);

#endif
