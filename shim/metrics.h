/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_METRICS_H
#define NACRE_SHIM_METRICS_H

#include <sys/types.h>

#include "shim/call.h"

/* What the cgroup of process PID uses, as containerd's metrics of cgroup v2. A file that is not
 * there, as its controller is not, is zeros. Returns 0, or -1 with TEXT, and CALL is still to be
 * answered. */
int metrics_answer(struct call *call, pid_t pid, char *text, size_t size);

#endif
