/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PID_NAMESPACE_H
#define NACRE_PID_NAMESPACE_H

#include <stddef.h>
#include <sys/types.h>

#include "specs/error.h"

/* Lists all processes in the pid namespace of INIT and in its descendants, as far as the caller may
 * see them: for a container without a cgroup. INIT comes first, and is listed even if the caller
 * may see nothing of it. Heap; the caller's to free. */
int pid_namespace_pids(pid_t init, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err);

#endif
